//! Sounds and where their digits are, for the scripts beside this file:
//! sounds FOLDER COUNT [BABBLE NOISE], with the bed that all sounds have if none is given.
//!
//! Writes `TEXT_NUMBER.wav`, and to `places` a line for each: its name, then the first sample of each
//! digit and the one after its last.

use std::fmt::Write;
use std::sync::Arc;
use std::{env, fs};

use minicap::sound::{Bed, Speaker, Voices};

const SEED: u64 = 1;
const DIGITS: usize = 6;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (folder, count, bed) = match &arguments[..] {
        [folder, count] => (folder, count, Bed::USUAL),
        [folder, count, babble, noise] => {
            let [babble, noise] = [babble, noise].map(|share| share.parse().expect("a number"));
            (folder, count, Bed { babble, noise })
        }
        _ => panic!("expected FOLDER COUNT [BABBLE NOISE]"),
    };
    let count: usize = count.parse().expect("a number");
    fs::create_dir_all(folder).expect("the folder can be made");
    let mut speaker = Speaker::new(Arc::new(Voices::new()));
    let mut rng = fastrand::Rng::with_seed(SEED);
    let mut places = String::new();
    let mut wav = Vec::new();
    for number in 1..=count {
        let text: String = (0..DIGITS).map(|_| rng.digit(10)).collect();
        let mixed = speaker.mix(&text, "en", bed, &mut rng);
        mixed.expect("digits are spoken");
        wav.clear();
        speaker.encode(&mut wav);
        fs::write(format!("{folder}/{text}_{number}.wav"), &wav).expect("sounds can be written");
        let _ = write!(places, "{text}_{number}");
        for place in speaker.places() {
            let _ = write!(places, " {} {}", place.start, place.end);
        }
        places.push('\n');
    }
    fs::write(format!("{folder}/places"), places).expect("places can be written");
}
