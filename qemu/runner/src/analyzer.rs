// SPDX-License-Identifier: GPL-2.0

//! `rust-project.json`, by which an editor understands the modules: the kernel's own, which
//! its build makes, with our modules added to it.

use crate::{
    child,
    kernel::Kernel,
    modules,
    project::{self, Project, Tools},
};
use anyhow::{bail, Context, Result};
use serde_json::{json, Value};
use std::{fs, path::Path};

/// Writes `rust-project.json` into the project's folder, for `kernel`.
///
/// # Errors
///
/// When the kernel's own cannot be made.
pub fn write(project: &Project, tools: &Tools, kernel: &Kernel) -> Result<()> {
    let mut make = kernel.make(tools)?;
    make.arg("rust-analyzer");
    child::run_logged(&mut make, &kernel.log("rust-analyzer"), |_| ())?;
    let path = kernel.output.join("rust-project.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let name = kernel.output.file_name().unwrap_or_default();
    let bindings = project.kbuild.join("modules").join(name).join("rust");
    let sources = modules::sources(&project.root)?;
    let modules: Vec<_> = sources
        .iter()
        .filter(|path| path.extension().is_some_and(|e| e == "rs") && !path.starts_with("rust"))
        .map(|path| project.root.join(path))
        .collect();
    let modules: Vec<&Path> = modules.iter().map(AsRef::as_ref).collect();
    let text = serde_json::to_string_pretty(&with_modules(&text, &modules, &bindings)?)?;
    project::write_whole(&project.root.join("rust-project.json"), text.as_bytes())
}

/// The kernel's description with `modules` added; `bindings` is where those of ours are.
fn with_modules(kernel: &str, modules: &[&Path], bindings: &Path) -> Result<Value> {
    let mut description: Value = serde_json::from_str(kernel).context("rust-project.json")?;
    let Some(crates) = description["crates"].as_array_mut() else {
        bail!("rust-project.json: no crates in it");
    };
    let index = |name: &str| crates.iter().position(|one| one["display_name"] == name);
    let Some(kernel) = index("kernel") else {
        bail!("rust-project.json: no kernel crate in it");
    };
    let deps: Vec<Value> = ["core", "macros", "build_error", "kernel"]
        .into_iter()
        .filter_map(|name| Some(json!({ "crate": index(name)?, "name": name })))
        .collect();
    let mut cfg = crates[kernel]["cfg"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    cfg.push(json!("MODULE"));
    for module in modules {
        let name = module.file_stem().unwrap_or_default().to_string_lossy();
        crates.push(json!({
            "display_name": name,
            "root_module": module,
            "is_workspace_member": true,
            "is_proc_macro": false,
            "edition": "2021",
            "deps": deps,
            "cfg": cfg,
            "env": {
                "RUST_MODFILE": name,
                "OOPSARIUM_OBJ": bindings,
            },
        }));
    }
    Ok(description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_come_with_what_they_need() {
        let kernel = r#"{"crates": [
            {"display_name": "core"},
            {"display_name": "kernel", "cfg": ["CONFIG_X"]}
        ]}"#;
        let modules = [Path::new("/p/modules/a/a.rs")];
        let all = with_modules(kernel, &modules, Path::new("/b/rust")).unwrap();
        let added = &all["crates"][2];
        assert_eq!(added["display_name"], "a");
        assert_eq!(added["cfg"], json!(["CONFIG_X", "MODULE"]));
        assert_eq!(added["deps"][1], json!({"crate": 1, "name": "kernel"}));
        assert!(with_modules("{}", &modules, Path::new("/b")).is_err());
    }
}
