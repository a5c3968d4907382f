//! Bends a picture: says for places all over it from where what is drawn there is taken.
//!
//! Knows nothing of what is bent. Knots on a coarse grid are each pushed by chance, and a quadratic
//! spline over them makes of the pushes a smooth field, so that what is near stays near and no edge
//! breaks. The field is worked out once for a picture, at the nodes of a fine grid, and is taken to
//! run evenly between these.

use super::canvas::{BLOCK_PX, whole};
use super::layout::{Frame, between};

/// Distance of nodes. Those who draw look at shapes at the nodes alone, so that it is what the
/// thinnest bar of a large letter and the width of its outline leave room for. Four are the corners
/// of a block of pixels.
pub(super) const NODE_PX: usize = BLOCK_PX;

/// Distance of knots, in base sizes of the letters [60 px in a picture of 600 x 200 with six
/// letters]: about half a letter, so that each is bent in its own way.
const KNOT_BASES: f32 = 0.8;
/// Least distance of knots, in nodes: what is bent within fewer would have corners.
const KNOT_NODES_MIN: usize = 4;

/// How far a knot is pushed to either side at most, in base sizes [18 px]. Readers mind how much
/// the field rises from knot to knot more than how far it moves things; machines mind both. Letters
/// that stand at different heights need less of it.
const PUSH_BASES: f32 = 0.235;

/// From where the places of one picture are taken.
pub(super) struct Warp {
    /// Nodes in a row, and in a column.
    columns: usize,
    rows: usize,
    /// How far to the right of each node lies what is drawn there, and how far below it, in pixels.
    shifts: [Vec<f32>; 2],
    /// How far the knots push what is between them, row by row.
    knots: [Vec<f32>; 2],
    /// The same between the columns of knots, at the columns of nodes.
    along: Vec<f32>,
    /// The furthest that anything is moved to either side and up or down.
    reach_px: [f32; 2],
}

impl Warp {
    /// A field without places.
    pub(super) fn new() -> Self {
        Self {
            columns: 0,
            rows: 0,
            shifts: [const { Vec::new() }; 2],
            knots: [const { Vec::new() }; 2],
            along: Vec::new(),
            reach_px: [0.0; 2],
        }
    }

    /// Takes a picture's size and leaves everything where it is. Memory is kept from one picture to
    /// the next.
    pub(super) fn rest(&mut self, width: usize, height: usize) {
        self.resize(width, height);
        self.shifts.iter_mut().for_each(|shifts| shifts.fill(0.0));
        self.reach_px = [0.0; 2];
    }

    /// Takes a picture's size and bends it all.
    pub(super) fn bend(
        &mut self,
        width: usize,
        height: usize,
        frame: &Frame,
        rng: &mut fastrand::Rng,
    ) {
        self.resize(width, height);
        let nodes = (KNOT_BASES * frame.base / NODE_PX as f32).round() as usize;
        let nodes = nodes.max(KNOT_NODES_MIN);
        let push_px = PUSH_BASES * frame.base;
        // A stretch between knots is made of three, the one before and the one after among them.
        let [across, down] = [self.columns, self.rows].map(|side| side.div_ceil(nodes) + 2);
        self.knots.iter_mut().for_each(Vec::clear);
        for _ in 0..across * down {
            for knots in &mut self.knots {
                knots.push(between(-push_px, push_px, rng));
            }
        }
        let weights = |place: usize| weights(place as f32 / nodes as f32);
        let columns = self.columns;
        for axis in 0..2 {
            self.along.clear();
            for knots in self.knots[axis].chunks_exact(across) {
                let end = self.along.len() + columns;
                for three in knots.windows(3) {
                    let at = |place| mixed([three[0], three[1], three[2]], weights(place));
                    self.along.extend((0..nodes).map(at));
                }
                self.along.truncate(end);
            }
            let mut furthest = 0;
            for (y, shifts) in self.shifts[axis].chunks_exact_mut(columns).enumerate() {
                let (one, rest) = self.along[y / nodes * columns..].split_at(columns);
                let (two, three) = rest.split_at(columns);
                let weights = weights(y % nodes);
                for (shift, ((one, two), three)) in
                    shifts.iter_mut().zip(one.iter().zip(two).zip(three))
                {
                    *shift = mixed([*one, *two, *three], weights);
                }
                // The bits of numbers without a sign are in the order of these.
                let bits = shifts.iter().map(|shift| shift.abs().to_bits() as i32);
                furthest = bits.fold(furthest, i32::max);
            }
            self.reach_px[axis] = f32::from_bits(furthest as u32);
        }
    }

    /// Makes room for a picture.
    fn resize(&mut self, width: usize, height: usize) {
        self.columns = width.div_ceil(NODE_PX) + 1;
        self.rows = height.div_ceil(NODE_PX) + 1;
        for shifts in &mut self.shifts {
            shifts.resize(self.columns * self.rows, 0.0);
        }
    }

    /// The furthest that anything is moved to either side and up or down.
    pub(super) fn reach_px(&self) -> [f32; 2] {
        self.reach_px
    }

    /// How far to the right of each node of a row lies what is drawn there, and how far below it, in
    /// pixels. The last of a row and of a column are on or beyond the edge.
    pub(super) fn row(&self, row: usize) -> [&[f32]; 2] {
        [0, 1].map(|axis| &self.shifts[axis][row * self.columns..][..self.columns])
    }

    /// How far from a place lies what is drawn there; beyond the last node, as far as there.
    pub(super) fn shift(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (column, share) = split(x, self.columns);
        let [left, right] = [column, column + 1].map(|column| self.shift_in(column, y));
        [0, 1].map(|axis| between_two(left[axis], right[axis], share))
    }

    /// The same for a place in a column of nodes.
    #[inline(always)]
    pub(super) fn shift_in(&self, column: usize, y: f32) -> [f32; 2] {
        let (row, share) = split(y, self.rows);
        let node = row * self.columns + column;
        [0, 1].map(|axis| {
            let shifts = &self.shifts[axis];
            between_two(shifts[node], shifts[node + self.columns], share)
        })
    }
}

/// Which of so many nodes is before a coordinate, and the share of the way from there to the next,
/// which may be all of it.
#[inline(always)]
fn split(coordinate_px: f32, nodes: usize) -> (usize, f32) {
    let place = (coordinate_px / NODE_PX as f32).clamp(0.0, (nodes - 1) as f32);
    let node = whole(place - 0.5).min(nodes as i32 - 2);
    (node as usize, place - node as f32)
}

/// A value between two others.
#[inline(always)]
fn between_two(one: f32, other: f32, share: f32) -> f32 {
    one + share * (other - one)
}

/// Three knots taken together.
#[inline(always)]
fn mixed(knots: [f32; 3], weights: [f32; 3]) -> f32 {
    knots[0] * weights[0] + knots[1] * weights[1] + knots[2] * weights[2]
}

/// What each of three knots counts at a share of the stretch between the middles of the first two
/// and the last two: a quadratic spline.
fn weights(share: f32) -> [f32; 3] {
    let rest = 1.0 - share;
    [rest * rest / 2.0, 0.5 + share * rest, share * share / 2.0]
}

#[cfg(test)]
// What is compared is the same number, not one that was computed in another way.
#[allow(clippy::float_cmp)]
mod tests {
    use super::super::layout::DISTORTED;
    use super::*;

    const SIZES: [(u16, u16, usize); 7] = [
        (600, 200, 6),
        (42, 28, 1),
        (112, 28, 6),
        (476, 28, 32),
        (112, 2000, 6),
        (2000, 2000, 1),
        (203, 81, 4),
    ];

    fn bent((width, height, text_chars): (u16, u16, usize), seed: u64) -> (Warp, Frame) {
        let frame = Frame::new(width, height, text_chars, &DISTORTED);
        let mut warp = Warp::new();
        let mut rng = fastrand::Rng::with_seed(seed);
        warp.bend(width.into(), height.into(), &frame, &mut rng);
        (warp, frame)
    }

    /// All rows of nodes.
    fn rows(warp: &Warp) -> impl Iterator<Item = [&[f32]; 2]> {
        (0..warp.rows).map(|row| warp.row(row))
    }

    #[test]
    fn at_rest_nothing_moves() {
        let (mut warp, _) = bent(SIZES[0], 1);
        warp.rest(300, 100);
        assert_eq!(warp.reach_px(), [0.0; 2]);
        assert_eq!(rows(&warp).count(), 26);
        assert!(rows(&warp).all(|row| row == [&[0.0; 76]; 2]));
    }

    #[test]
    fn nodes_reach_to_the_far_edges() {
        for size in SIZES {
            let (warp, frame) = bent(size, 1);
            assert!(frame.width as usize <= (warp.columns - 1) * NODE_PX);
            let rows = rows(&warp).count();
            assert!(frame.height as usize <= (rows - 1) * NODE_PX);
        }
    }

    #[test]
    fn everything_moves_but_not_far() {
        for size in SIZES {
            for seed in 0..20 {
                let (warp, frame) = bent(size, seed);
                for (axis, reach) in warp.reach_px().into_iter().enumerate() {
                    let moves = warp.shifts[axis].iter().map(|shift| shift.abs());
                    assert_eq!(moves.fold(0.0, f32::max), reach, "{size:?}");
                    assert!(reach <= PUSH_BASES * frame.base + 1e-2, "{size:?} {seed}");
                    assert!(0.02 * frame.base < reach, "{size:?} {seed}");
                }
            }
        }
    }

    /// From node to node the field rises no more than two knots that are pushed apart as far as can
    /// be make it, so that no place is taken twice; and the rise changes little by little.
    #[test]
    fn what_is_near_stays_near() {
        for size in SIZES {
            for seed in 0..20 {
                let (warp, frame) = bent(size, seed);
                let knot_px = (KNOT_BASES * frame.base / NODE_PX as f32)
                    .round()
                    .max(KNOT_NODES_MIN as f32)
                    * NODE_PX as f32;
                let rise_max = 2.0 * PUSH_BASES * frame.base / knot_px * NODE_PX as f32;
                assert!(rise_max < NODE_PX as f32);
                let change_max = 2.0 * rise_max / (knot_px / NODE_PX as f32);
                for three in rows(&warp).flatten().flat_map(|row| row.windows(3)) {
                    let (rise, next) = (three[1] - three[0], three[2] - three[1]);
                    assert!(rise.abs() <= rise_max + 1e-2, "{size:?} {seed}");
                    let change = (next - rise).abs();
                    assert!(change <= change_max + 1e-2, "{size:?} {seed}");
                }
                for shifts in &warp.shifts {
                    for (node, below) in shifts.iter().zip(&shifts[warp.columns..]) {
                        let rise = (below - node).abs();
                        assert!(rise <= rise_max + 1e-2, "{size:?} {seed}");
                    }
                }
            }
        }
    }

    #[test]
    fn between_nodes_the_field_runs_evenly() {
        let (warp, _) = bent(SIZES[0], 3);
        let node = |column: usize, row: usize| warp.row(row).map(|row| row[column]);
        for axis in 0..2 {
            let middle = [(7, 5), (8, 5), (7, 6), (8, 6)].map(|(x, y)| node(x, y)[axis]);
            let found = warp.shift([30.0, 22.0])[axis];
            assert!((found - middle.iter().sum::<f32>() / 4.0).abs() < 1e-3);
            assert!((warp.shift([28.0, 20.0])[axis] - node(7, 5)[axis]).abs() < 1e-3);
        }
        // Outside it is as far as at the edge.
        assert_eq!(warp.shift([-50.0, 20.0]), warp.shift([0.0, 20.0]));
        assert_eq!(warp.shift([1e6, 1e6]), warp.shift([700.0, 300.0]));
    }

    #[test]
    fn every_picture_is_bent_in_its_own_way() {
        let one = bent(SIZES[0], 1).0.shifts;
        assert_eq!(one, bent(SIZES[0], 1).0.shifts);
        let other = bent(SIZES[0], 2).0.shifts;
        let near = |axis: usize, node: usize| (one[axis][node] - other[axis][node]).abs() < 0.5;
        let alike = (0..one[0].len()).filter(|&node| near(0, node) && near(1, node));
        assert!(alike.count() < one[0].len() / 20);
    }
}
