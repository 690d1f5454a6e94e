// SPDX-License-Identifier: GPL-2.0

//! The results of all shards of a check made one, as if one machine had run it. Pure: what is
//! not all of one check is refused.

use crate::results::{CaseInfo, MachineInfo, Results, ShardInfo, TestResult};
use anyhow::{bail, Context, Result};
use std::collections::HashMap;

/// The results of `parts`, each with the name that the user gave it.
///
/// # Errors
///
/// When a shard is missing or there twice, or they are not parts of one check: of another
/// source, kernel or choice of tests.
pub fn merge(parts: &[(String, Results)]) -> Result<Results> {
    let Some(((first_name, first), others)) = parts.split_first() else {
        bail!("nothing to merge; write for example RESULTS='a/results.json b/results.json'");
    };
    let mut seen: HashMap<usize, &str> = HashMap::new();
    let count = shard(first_name, first)?.count;
    for (name, part) in parts {
        let shard = shard(name, part)?;
        if shard.count != count {
            bail!(
                "{first_name} is of {count} shards, and {name} of {}: run all with the same SHARD=…/n",
                shard.count
            );
        }
        if let Some(other) = seen.insert(shard.index, name) {
            bail!(
                "shard {}/{count} is there twice: {other} and {name}",
                shard.index
            );
        }
    }
    for (name, part) in others {
        for (what, a, b) in [
            ("commit", &first.run.revision, &part.run.revision),
            ("program", &first.run.program, &part.run.program),
            ("command", &first.run.command, &part.run.command),
        ] {
            if a != b {
                bail!("not of the same {what}: {first_name} has {a:?}, {name} has {b:?}");
            }
        }
        if first.run.kernels != part.run.kernels {
            bail!(
                "not of the same kernels: {first_name} has {}, {name} has {}",
                kernels(first),
                kernels(part)
            );
        }
        if first.plan != part.plan {
            let only = |a: &Results, b: &Results| {
                let missing = a.plan.iter().find(|test| !b.plan.contains(test));
                missing
                    .cloned()
                    .unwrap_or_else(|| "another order".to_owned())
            };
            bail!(
                "not of the same tests: only {first_name} has {}, only {name} has {}",
                only(first, part),
                only(part, first)
            );
        }
    }
    let missing: Vec<String> = (1..=count)
        .filter(|index| !seen.contains_key(index))
        .map(|index| format!("SHARD={index}/{count}"))
        .collect();
    if !missing.is_empty() {
        bail!("these shards are missing: {}", missing.join(", "));
    }
    let mut merged = first.clone();
    merged.run.shard = None;
    merged.tests = tests(parts)?;
    merged.cases = union(parts, |part| &part.cases, |case: &CaseInfo| &case.id);
    merged.machines = union(parts, |part| &part.machines, |one: &MachineInfo| &one.name);
    for (_, part) in others {
        // They ran side by side: it took as long as the longest.
        merged.run.seconds = merged.run.seconds.max(part.run.seconds);
        merged.run.interrupted |= part.run.interrupted;
        merged.run.started = merged.run.started.min(part.run.started.clone());
    }
    Ok(merged)
}

fn shard(name: &str, results: &Results) -> Result<ShardInfo> {
    results.run.shard.with_context(|| {
        format!("{name} is no shard, but all of a check; SHARD=1/4 makes the first of four")
    })
}

fn kernels(results: &Results) -> String {
    let names = results.run.kernels.iter().map(|kernel| {
        format!(
            "{} {} ({}, configuration {})",
            kernel.arch, kernel.release, kernel.profile, kernel.config
        )
    });
    names.collect::<Vec<_>>().join(" and ")
}

/// All tests, in the order of the plan.
fn tests(parts: &[(String, Results)]) -> Result<Vec<TestResult>> {
    let mut found: HashMap<&str, (&str, &TestResult)> = HashMap::new();
    for (name, part) in parts {
        for test in &part.tests {
            if let Some((other, _)) = found.insert(&test.name, (name, test)) {
                bail!("{} is in {other} and in {name}", test.name);
            }
        }
    }
    let plan = parts.first().map_or(&[][..], |(_, part)| &part.plan);
    plan.iter()
        .map(|test| match found.get(test.as_str()) {
            Some((_, result)) => Ok((*result).clone()),
            None => bail!("no shard has {test}: one of them is damaged"),
        })
        .collect()
}

/// What is in any of `parts`, once, in the order of its names.
fn union<T: Clone>(
    parts: &[(String, Results)],
    of: impl Fn(&Results) -> &Vec<T>,
    name: impl Fn(&T) -> &str,
) -> Vec<T> {
    let mut all: Vec<T> = Vec::new();
    for (_, part) in parts {
        for one in of(part) {
            if !all.iter().any(|other| name(other) == name(one)) {
                all.push(one.clone());
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::specimen;

    /// A check in `count` shards.
    fn shards(count: usize) -> Vec<(String, Results)> {
        (1..=count)
            .map(|index| {
                let mut part = specimen();
                let mut number = 0;
                part.tests.retain(|_| {
                    number += 1;
                    (number - 1) % count == index - 1
                });
                part.run.shard = Some(ShardInfo { index, count });
                (format!("part{index}"), part)
            })
            .collect()
    }

    fn refused(change: impl FnOnce(&mut Vec<(String, Results)>), wanted: &[&str]) {
        let mut parts = shards(3);
        change(&mut parts);
        let error = format!("{:#}", merge(&parts).unwrap_err());
        for part in wanted {
            assert!(error.contains(part), "{error}: no {part}");
        }
    }

    #[test]
    fn shards_are_what_one_machine_would_have_found() {
        let mut parts = shards(3);
        assert_eq!(merge(&parts).unwrap(), specimen());
        // In whatever order they come.
        parts.rotate_left(1);
        assert_eq!(merge(&parts).unwrap(), specimen());
        assert_eq!(merge(&shards(1)).unwrap(), specimen());
    }

    #[test]
    fn a_stopped_shard_is_not_good() {
        let mut parts = shards(2);
        parts[1].1.run.interrupted = true;
        let merged = merge(&parts).unwrap();
        assert!(merged.run.interrupted && !merged.is_good());
    }

    #[test]
    fn what_is_not_all_of_one_check_is_refused() {
        assert!(merge(&[]).unwrap_err().to_string().contains("RESULTS="));
        refused(|parts| drop(parts.remove(1)), &["missing", "SHARD=2/3"]);
        refused(
            |parts| {
                let again = parts[0].clone();
                parts.push(("again".to_owned(), again.1));
            },
            &["1/3", "twice", "part1", "again"],
        );
        refused(
            |parts| parts[1].1.run.revision = "feed".to_owned(),
            &["commit", "feed", "part2"],
        );
        refused(
            |parts| parts[2].1.run.kernels[0].release = "6.13".to_owned(),
            &["kernels", "6.13", "part3"],
        );
        refused(
            |parts| parts[2].1.run.kernels[0].config = "beef".to_owned(),
            &["kernels", "beef"],
        );
        refused(
            |parts| parts[1].1.run.command = "make check".to_owned(),
            &["command"],
        );
        refused(
            |parts| parts[1].1.run.shard = None,
            &["part2 is no shard", "SHARD=1/4"],
        );
        refused(
            |parts| parts[1].1.run.shard = Some(ShardInfo { index: 2, count: 4 }),
            &["of 3 shards", "of 4"],
        );
        refused(
            |parts| parts[1].1.plan.push("new.test".to_owned()),
            &["not of the same tests", "new.test"],
        );
        refused(
            |parts| drop(parts[1].1.tests.pop()),
            &["no shard has", "damaged"],
        );
        refused(
            |parts| {
                let test = parts[0].1.tests[0].clone();
                parts[1].1.tests.push(test);
            },
            &["is in part1 and in part2"],
        );
    }
}
