// SPDX-License-Identifier: GPL-2.0

//! Flags, by their names.

use super::bindings;
use core::fmt;
use kernel::macros::paste;

/// A flag: its bit, and its name.
pub type Flag = (u64, &'static str);

/// A set of flags, to be shown: `PG_uptodate|PG_lru`, and what has no name as a number.
pub struct Shown<'a>(pub u64, pub &'a [Flag]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(set, flags) = *self;
        if set == 0 {
            return out.write_str("none");
        }
        let mut rest = set;
        let mut separator = "";
        for (bit, name) in flags {
            if set & bit != 0 {
                write!(out, "{separator}{name}")?;
                rest &= !bit;
                separator = "|";
            }
        }
        match rest {
            0 => Ok(()),
            rest => write!(out, "{separator}{rest:#x}"),
        }
    }
}

/// A table of flags whose constants are masks.
macro_rules! masks {
    ($($name:ident)*) => {
        [$((bindings::$name as u64, stringify!($name))),*]
    };
}

/// A table of the flags of slab caches, whose constants are numbers of bits.
macro_rules! slab_bits {
    ($($name:ident)*) => {
        paste! { [$((1 << bindings::[<_slab_flag_bits__ $name>], stringify!($name))),*] }
    };
}

/// A table of the flags of pages, whose constants are numbers of bits.
macro_rules! page_bits {
    ($($name:ident)*) => {
        paste! { [$((1 << bindings::[<pageflags_ $name>], stringify!($name))),*] }
    };
}

/// A table of GFP flags, whose constants are numbers of bits.
macro_rules! gfp_bits {
    ($($name:ident)*) => {
        paste! { [$((1 << bindings::[<_ $name _BIT>], stringify!($name))),*] }
    };
}

/// Those of a page: `enum pageflags` in include/linux/page-flags.h. The highest bits of the
/// word hold other things, such as its zone.
pub const PAGE: [Flag; 19] = page_bits!(
    PG_locked PG_writeback PG_referenced PG_uptodate PG_dirty PG_lru PG_head PG_waiters
    PG_active PG_workingset PG_owner_priv_1 PG_owner_2 PG_arch_1 PG_reserved PG_private PG_reclaim
    PG_swapbacked PG_unevictable PG_mlocked
);

/// Those of a request for memory: include/linux/gfp_types.h.
pub const GFP: [Flag; 22] = gfp_bits!(
    __GFP_DMA __GFP_HIGHMEM __GFP_DMA32 __GFP_MOVABLE __GFP_RECLAIMABLE __GFP_HIGH __GFP_IO
    __GFP_FS __GFP_ZERO __GFP_DIRECT_RECLAIM __GFP_KSWAPD_RECLAIM __GFP_WRITE __GFP_NOWARN
    __GFP_RETRY_MAYFAIL __GFP_NOFAIL __GFP_NORETRY __GFP_MEMALLOC __GFP_COMP
    __GFP_NOMEMALLOC __GFP_HARDWALL __GFP_THISNODE __GFP_ACCOUNT
);

/// Those of a mapping of a process: include/linux/mm.h.
pub const VMA: [Flag; 15] = masks!(
    VM_READ VM_WRITE VM_EXEC VM_SHARED VM_MAYREAD VM_MAYWRITE VM_MAYEXEC VM_MAYSHARE
    VM_GROWSDOWN VM_PFNMAP VM_LOCKED VM_IO VM_DONTCOPY VM_DONTEXPAND VM_ACCOUNT
);

/// Those of an area in the kernel's addresses: include/linux/vmalloc.h.
pub const VM_STRUCT: [Flag; 7] = masks!(
    VM_IOREMAP VM_ALLOC VM_MAP VM_USERMAP VM_DMA_COHERENT VM_UNINITIALIZED
    VM_FLUSH_RESET_PERMS
);

/// Those of a slab cache that its maker can ask for: include/linux/slab.h.
pub const SLAB: [Flag; 5] = slab_bits!(
    SLAB_HWCACHE_ALIGN SLAB_CACHE_DMA SLAB_TYPESAFE_BY_RCU SLAB_NO_MERGE SLAB_RECLAIM_ACCOUNT
);

/// The numbers that stand in three bits of a pageblock, in their order: `enum migratetype` in
/// include/linux/mmzone.h, and how /proc/pagetypeinfo calls them.
pub const MIGRATETYPES: usize = bindings::migratetype_MIGRATE_TYPES as usize;
