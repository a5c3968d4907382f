//! How loud a word is to a listener, by the frequency weighting of ITU-R BS.1770.

/// The filters at 16,000 samples a second: what a head adds, and what ears miss of low tones.
const FILTERS: [Filter; 2] = [
    Filter {
        forward: [1.444_234, -1.839_543, 0.685_432],
        back: [-1.107_139, 0.397_262],
        state: [0.0; 2],
    },
    Filter {
        forward: [0.985_243, -1.970_485, 0.985_243],
        back: [-1.970_375, 0.970_595],
        state: [0.0; 2],
    },
];

/// The root of the mean square of weighted samples.
pub(super) fn of(samples: &[f32]) -> f32 {
    let [mut head, mut ear] = FILTERS;
    let weighted = samples.iter().map(|&sample| ear.next(head.next(sample)));
    let sum: f32 = weighted.map(|sample| sample * sample).sum();
    (sum / samples.len() as f32).sqrt()
}

/// A filter of the second order.
struct Filter {
    forward: [f32; 3],
    back: [f32; 2],
    state: [f32; 2],
}

impl Filter {
    fn next(&mut self, sample: f32) -> f32 {
        let out = self.forward[0] * sample + self.state[0];
        self.state[0] = self.forward[1] * sample - self.back[0] * out + self.state[1];
        self.state[1] = self.forward[2] * sample - self.back[1] * out;
        out
    }
}
