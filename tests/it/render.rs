//! Pictures without a server.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::{minicap, run};

/// A new folder, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn assert_renders(arguments: &[&str]) {
    let output = run(&[&["render"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    assert!(
        output.stdout.is_empty() && output.stderr.is_empty(),
        "{output:?}"
    );
}

fn size(path: impl AsRef<Path>) -> (u32, u32) {
    let file = std::io::BufReader::new(fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    (reader.info().width, reader.info().height)
}

#[test]
fn writes_one_picture_to_a_file() {
    let folder = Folder::new("one");
    let file = folder.file("a.png");
    assert_renders(&["--out", &file]);
    assert_eq!(size(&file), (600, 200));
    assert_renders(&[
        "--out",
        &file,
        "--width",
        "301",
        "--height=99",
        "--theme",
        "dark",
    ]);
    assert_eq!(size(&file), (301, 99));
}

#[test]
fn writes_many_pictures_named_by_their_texts() {
    let folder = Folder::new("many");
    let out = folder.file("new/folder");
    assert_renders(&["--out", &out, "--count", "12", "--length", "4"]);
    let folder = Folder(PathBuf::from(out));
    let names = folder.names();
    assert_eq!(names.len(), 12);
    for number in 1..=12 {
        let end = format!("_{number}.png");
        let name = names.iter().find(|name| name.ends_with(&end)).unwrap();
        let text = name.strip_suffix(&end).unwrap();
        assert!(
            text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{name}"
        );
        assert_eq!(size(folder.file(name)), (600, 200));
    }
}

/// Runs `render` with arguments that are refused, and returns the error.
fn refused(arguments: &[&str], code: i32) -> String {
    let output = run(&[&["render"], arguments].concat());
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {output:?}"
    );
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_text_cannot_lead_out_of_the_folder() {
    let folder = Folder::new("escape");
    let out = folder.file("inner");
    let said = refused(&["--out", &out, "--count", "1", "--text", "../../x y"], 2);
    assert!(said.contains("letters and digits"), "{said}");
    assert_eq!(folder.names(), Vec::<String>::new());
}

#[test]
fn many_pictures_want_a_folder_and_one_a_file() {
    let folder = Folder::new("kinds");
    let file = folder.file("x.png");
    let said = refused(&["--count", "3", "--out", &file], 2);
    let expected = "--out: expected a folder for --count pictures, but found ";
    assert_eq!(said, format!("minicap: {expected}{file:?}\n"));
    fs::write(folder.file("file"), "precious").unwrap();
    refused(&["--count", "3", "--out", &folder.file("file")], 1);
    let said = refused(&["--out", &folder.file("")], 1);
    assert!(
        said.contains("it is a folder; expected a file, or --count"),
        "{said}"
    );
    assert_eq!(folder.names(), ["file"]);
}

#[test]
fn a_path_that_is_not_utf8_is_taken_as_it_is() {
    let folder = Folder::new("bytes");
    let path = folder.0.join(OsStr::from_bytes(b"\xff\xfe.png"));
    let status = minicap(&["render", "--out"]).arg(&path).status().unwrap();
    assert!(status.success());
    assert_eq!(size(&path), (600, 200));
    let mut joined = OsString::from("--out=");
    joined.push(folder.0.join(OsStr::from_bytes(b"\xfd.png")));
    assert!(minicap(&["render"]).arg(joined).status().unwrap().success());
    assert_eq!(
        size(folder.0.join(OsStr::from_bytes(b"\xfd.png"))),
        (600, 200)
    );
}

#[test]
fn many_pictures_show_how_far_they_are_on_a_terminal() {
    let folder = Folder::new("progress");
    let command = format!(
        "{} render --count 5 --out {}",
        env!("CARGO_BIN_EXE_minicap"),
        folder.file("pictures")
    );
    // `script` gives the command a terminal.
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success());
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.ends_with("\r5 of 5 pictures\r\n"), "{shown:?}");
}

#[test]
fn the_same_seed_draws_the_same_pictures() {
    let folder = Folder::new("seed");
    let render = |seed: &str, out: &str| {
        let out = folder.file(out);
        assert_renders(&[
            "--out", &out, "--count", "3", "--seed", seed, "--theme", "random",
        ]);
        let folder = Folder(PathBuf::from(out));
        folder
            .names()
            .into_iter()
            .map(|name| (fs::read(folder.file(&name)).unwrap(), name))
            .collect::<Vec<_>>()
    };
    let first = render("7", "a");
    assert!(first == render("7", "b"));
    assert!(first != render("8", "c"));
    assert!(first[0].0 != first[1].0);
}

#[test]
fn without_a_seed_no_picture_comes_twice() {
    let folder = Folder::new("unseeded");
    let (one, other) = (folder.file("1.png"), folder.file("2.png"));
    assert_renders(&["--out", &one, "--text", "same"]);
    assert_renders(&["--out", &other, "--text", "same"]);
    assert!(fs::read(one).unwrap() != fs::read(other).unwrap());
}

#[test]
fn the_environment_sets_the_picture_as_well() {
    let folder = Folder::new("environment");
    let file = folder.file("a.png");
    let status = minicap(&["render", "--out", &file, "--height", "150"])
        .envs([
            ("MINICAP_WIDTH", "500"),
            ("MINICAP_HEIGHT", "160"),
            ("MINICAP_LISTEN", "nonsense"),
        ])
        .status();
    assert!(status.unwrap().success());
    assert_eq!(size(&file), (500, 150));
}

#[test]
fn what_cannot_be_written_is_said() {
    let folder = Folder::new("failure");
    let output = run(&["render", "--out", &folder.file("no/such/folder/a.png")]);
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(
        error.starts_with("minicap: cannot write ") && error.lines().count() == 1,
        "{error}"
    );
}
