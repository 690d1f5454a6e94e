// SPDX-License-Identifier: GPL-2.0

//! The bytes behind `Code:` to instructions, with the one that trapped marked: what the kernel's
//! `scripts/decodecode` does with `as` and `objdump`. This part must not know logs or files; what
//! it is told of the function only makes the answer better.

use crate::symbols::Arch;
use serde::Serialize;
use std::collections::BTreeSet;
use yaxpeax_arch::{Decoder as _, U8Reader};

/// The instructions around a program counter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Disassembly {
    /// Whose instructions they are.
    pub arch: Arch,
    /// In the order of their addresses.
    pub instructions: Vec<Instruction>,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Instruction {
    /// Where it begins: bytes from the start of the function, or from the program counter if the
    /// function is not known.
    pub offset: i64,
    /// Its bytes as the kernel prints them: `48 89 e5`, or one word on arm64.
    pub bytes: String,
    /// In the assembler's language: AT&T's on x86_64.
    pub text: String,
    /// The program counter stood here.
    pub trapping: bool,
}

/// What is known of the function that the bytes are from.
pub struct Around<'a> {
    /// Bytes from its start to the program counter; 0 if nothing is known.
    pub offset: u64,
    /// Its code from the start to behind the program counter, as its file has it; empty if there
    /// is no file.
    pub code: &'a [u8],
    /// Names the place that is so many bytes from the start of the function.
    pub name: &'a dyn Fn(i64) -> String,
}

/// Reads what stands behind `Code:`. `None` if there are no bytes: the kernel could not read them
/// either, or the line is damaged.
pub fn disassemble(arch: Arch, code: &str, around: &Around<'_>) -> Option<Disassembly> {
    let instructions = match arch {
        Arch::X86_64 => x86_64(code, around)?,
        Arch::Arm64 => arm64(code, around)?,
    };
    Some(Disassembly { arch, instructions })
}

/// The bytes of a line, as they lie in memory, and the index of the one that trapped.
pub fn bytes(arch: Arch, code: &str) -> Option<(Vec<u8>, usize)> {
    match arch {
        Arch::X86_64 => words(code, 2, |digits| u8::from_str_radix(digits, 16).ok()),
        Arch::Arm64 => {
            let (words, trap) = words(code, 8, |digits| u32::from_str_radix(digits, 16).ok())?;
            Some((
                words.iter().flat_map(|word| word.to_le_bytes()).collect(),
                trap * 4,
            ))
        }
    }
}

/// The words of such a line, each of so many digits, and the index of the one in brackets. It
/// ends at the first that is no number: what the kernel could not read.
fn words<T>(code: &str, digits: usize, read: fn(&str) -> Option<T>) -> Option<(Vec<T>, usize)> {
    let mut all = Vec::new();
    let mut trap = None;
    for word in code.split_whitespace() {
        let bare = word.trim_matches(|c| matches!(c, '<' | '>' | '(' | ')'));
        let Some(value) = Some(bare).filter(|b| b.len() == digits).and_then(read) else {
            break;
        };
        if bare.len() < word.len() {
            trap = trap.or(Some(all.len()));
        }
        all.push(value);
    }
    Some((all, trap?))
}

/// A place from which x86 addresses are counted, so that none becomes negative.
const BIAS: u64 = 1 << 40;
/// The longest x86 instruction (Intel SDM, volume 2, 2.3.11).
const LONGEST: usize = 15;

fn x86_64(code: &str, around: &Around<'_>) -> Option<Vec<Instruction>> {
    let (bytes, trap) = bytes(Arch::X86_64, code)?;
    let offset = i64::try_from(around.offset).ok()?;
    // From the start of the function to the first byte.
    let first = offset - i64::try_from(trap).ok()?;
    let start = x86_start(&bytes, trap, first, around);
    let mut out = Vec::new();
    let mut at = start;
    while at < bytes.len() {
        let ip = BIAS.wrapping_add_signed(first + i64::try_from(at).ok()?);
        let instruction = x86_decode(&bytes[at..], ip);
        let (size, text) = match instruction {
            Some(instruction) => (instruction.len(), x86_text(&instruction, around)),
            // Cut off by the end of the line, or none at all.
            None if at > trap && bytes.len() - at < LONGEST => {
                (bytes.len() - at, "(cut off)".to_string())
            }
            None => (1, "(bad)".to_string()),
        };
        out.push(Instruction {
            offset: first + i64::try_from(at).ok()?,
            bytes: hex(&bytes[at..at + size]),
            text,
            trapping: at == trap,
        });
        at += size;
    }
    Some(out)
}

fn x86_decode(bytes: &[u8], ip: u64) -> Option<iced_x86::Instruction> {
    let options = iced_x86::DecoderOptions::NONE;
    let instruction = iced_x86::Decoder::with_ip(64, bytes, ip, options).decode();
    (!instruction.is_invalid()).then_some(instruction)
}

/// The first byte of the line at which an instruction begins. The kernel prints a fixed number of
/// bytes before the program counter, and so begins in the middle of one.
fn x86_start(bytes: &[u8], trap: usize, first: i64, around: &Around<'_>) -> usize {
    // From the start of the function every instruction can be told.
    let mut begins = BTreeSet::new();
    let mut at = 0;
    while at < around.code.len() {
        begins.insert(at);
        at += x86_decode(&around.code[at..], BIAS).map_or(1, |one| one.len());
    }
    let known = |index: usize| {
        let offset = first + i64::try_from(index).unwrap_or(i64::MAX);
        usize::try_from(offset).is_ok_and(|offset| begins.contains(&offset))
    };
    if known(trap) {
        return (0..=trap).find(|&index| known(index)).unwrap_or(trap);
    }
    // Else the first from which a run of instructions leads right to the program counter.
    let leads = |start: usize| {
        let mut at = start;
        while at < trap {
            match x86_decode(&bytes[at..], BIAS) {
                Some(one) => at += one.len(),
                None => return false,
            }
        }
        at == trap
    };
    (0..=trap).find(|&start| leads(start)).unwrap_or(trap)
}

fn x86_text(instruction: &iced_x86::Instruction, around: &Around<'_>) -> String {
    use iced_x86::{Formatter as _, OpKind};
    let mut formatter = iced_x86::GasFormatter::new();
    let options = formatter.options_mut();
    options.set_uppercase_hex(false);
    options.set_first_operand_char_index(7);
    options.set_rip_relative_addresses(true);
    options.set_branch_leading_zeros(false);
    let mut text = String::new();
    formatter.format(instruction, &mut text);
    let name = |target: u64| (around.name)(target.wrapping_sub(BIAS) as i64);
    if instruction.op_count() > 0 && instruction.op_kind(0) == OpKind::NearBranch64 {
        let target = instruction.near_branch64();
        return text.replace(&format!("{target:#x}"), &name(target));
    }
    if instruction.is_ip_rel_memory_operand() {
        text += &format!("  # {}", name(instruction.ip_rel_memory_address()));
    }
    text
}

fn arm64(code: &str, around: &Around<'_>) -> Option<Vec<Instruction>> {
    let (words, trap) = words(code, 8, |digits| u32::from_str_radix(digits, 16).ok())?;
    let decoder = yaxpeax_arm::armv8::a64::InstDecoder::default();
    let offset = i64::try_from(around.offset).ok()?;
    let trap_index = i64::try_from(trap).ok()?;
    let mut out = Vec::new();
    for (index, word) in (0i64..).zip(&words) {
        let at = offset + (index - trap_index) * 4;
        let bytes = word.to_le_bytes();
        let text = match decoder.decode(&mut U8Reader::new(&bytes)) {
            Ok(instruction) => arm64_text(&instruction, at, around),
            Err(_) => format!(".inst {word:#010x}"),
        };
        out.push(Instruction {
            offset: at,
            bytes: format!("{word:08x}"),
            text,
            trapping: index == trap_index,
        });
    }
    Some(out)
}

fn arm64_text(
    instruction: &yaxpeax_arm::armv8::a64::Instruction,
    at: i64,
    around: &Around<'_>,
) -> String {
    use yaxpeax_arm::armv8::a64::Operand;
    let text = instruction.to_string();
    let target = instruction
        .operands
        .iter()
        .find_map(|operand| match operand {
            Operand::PCOffset(by) => Some(*by),
            _ => None,
        });
    match (target, text.find('$')) {
        (Some(by), Some(dollar)) => {
            let name = (around.name)(at.wrapping_add(by));
            format!("{}{name}", &text[..dollar])
        }
        _ => text,
    }
}

fn hex(bytes: &[u8]) -> String {
    let all: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(offset: i64) -> String {
        let sign = if offset < 0 { '-' } else { '+' };
        format!("f{sign}{:#x}", offset.unsigned_abs())
    }

    #[track_caller]
    fn check(arch: Arch, code: &str, offset: u64, function: &[u8], expected: &[&str]) {
        let around = Around {
            offset,
            code: function,
            name: &name,
        };
        let found = disassemble(arch, code, &around).unwrap();
        let lines: Vec<String> = found
            .instructions
            .iter()
            .map(|one| {
                let mark = if one.trapping { '*' } else { ' ' };
                format!("{}{mark} {}: {}", one.offset, one.bytes, one.text)
            })
            .collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn x86_is_read_from_the_start_of_an_instruction() {
        // The first byte is the end of a jump.
        check(
            Arch::X86_64,
            "ff 41 8b 47 28 e8 17 00 00 00 0f 0b <0f> 0b 66 66 2e",
            0x6b3,
            &[],
            &[
                "1704  41 8b 47 28: mov    0x28(%r15),%eax",
                "1708  e8 17 00 00 00: call   f+0x6c8",
                "1713  0f 0b: ud2",
                "1715* 0f 0b: ud2",
                "1717  66 66 2e: (cut off)",
            ],
        );
    }

    #[test]
    fn x86_goes_by_the_function_where_it_is_known() {
        // Alone, 90 b8 would be "nop; mov …", which leads to the same place.
        let function = [0xb8, 0x90, 0xb8, 0x01, 0x00, 0x0f, 0x0b];
        check(
            Arch::X86_64,
            "90 b8 01 00 <0f> 0b",
            5,
            &function,
            &["5* 0f 0b: ud2"],
        );
        check(
            Arch::X86_64,
            "48 8b 05 10 00 00 00 <0f> 0b",
            7,
            &[],
            &[
                "0  48 8b 05 10 00 00 00: mov    0x10(%rip),%rax  # f+0x17",
                "7* 0f 0b: ud2",
            ],
        );
    }

    #[test]
    fn arm64_is_read_word_by_word() {
        check(
            Arch::Arm64,
            "d4210000 a8c17bfd 97ffffff ffffffff (b900011f) ",
            4,
            &[],
            &[
                "-12  d4210000: brk #0x800",
                "-8  a8c17bfd: ldp x29, x30, [sp], #0x10",
                "-4  97ffffff: bl f-0x8",
                "0  ffffffff: .inst 0xffffffff",
                "4* b900011f: str wzr, [x8]",
            ],
        );
    }

    #[test]
    fn what_is_no_code_is_none() {
        let around = Around {
            offset: 0,
            code: &[],
            name: &name,
        };
        for code in [
            "",
            "Bad RIP value.",
            "Unable to access opcode bytes at 0x7f.",
            "0f 0b",
            "zz <0f>",
        ] {
            assert_eq!(disassemble(Arch::X86_64, code, &around), None, "{code}");
        }
        assert_eq!(disassemble(Arch::Arm64, "bad PC value", &around), None);
    }

    proptest::proptest! {
        #[test]
        fn any_code_is_taken(code in "([0-9a-f]{2}|<[0-9a-f]{2}>| ){0,64}", offset in 0u64..) {
            let around = Around { offset, code: &[], name: &name };
            let _ = disassemble(Arch::X86_64, &code, &around);
            let _ = disassemble(Arch::Arm64, &code, &around);
        }

        #[test]
        fn any_words_are_taken(words in proptest::collection::vec(0u32.., 1..20), offset in 0u64..) {
            let all: Vec<String> = words.iter().map(|word| format!("{word:08x}")).collect();
            let around = Around { offset, code: &[], name: &name };
            let _ = disassemble(Arch::Arm64, &format!("{} (d4210000)", all.join(" ")), &around);
        }
    }
}
