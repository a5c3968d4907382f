//! Bends a picture: says for places all over it from where what is drawn there is taken.
//!
//! Knows nothing of what is bent. Knots on a coarse grid are each pushed by chance, and a quadratic
//! spline over them makes of the pushes a smooth field, so that what is near stays near and no edge
//! breaks. The field is worked out once for a picture, at the nodes of a fine grid, and is taken to
//! run evenly between these.

use super::layout::{Frame, between};

/// Distance of nodes. Those who draw look at shapes at the nodes alone, so that it is what the
/// thinnest bar of a large letter and the width of its outline leave room for.
pub(super) const NODE_PX: usize = 4;

/// Distance of knots, in base sizes of the letters [60 px in a picture of 600 x 200 with six
/// letters]: about half a letter, so that each is bent in its own way.
const KNOT_BASES: f32 = 0.8;
/// Least distance of knots, in nodes: what is bent within fewer would have corners.
const KNOT_NODES_MIN: usize = 4;

/// How far a knot is pushed to either side at most, in base sizes [24 px]. Readers mind how much
/// the field rises from knot to knot more than how far it moves things; machines mind both.
const PUSH_BASES: f32 = 0.32;

/// From where the places of one picture are taken.
pub(super) struct Warp {
    /// Nodes in a row.
    columns: usize,
    /// How far from each node lies what is drawn there, in pixels.
    shifts: Vec<[f32; 2]>,
    /// The pushes of the knots, row by row.
    knots: Vec<[f32; 2]>,
    /// The knots of a row of corners, before they are taken together along the row.
    row: Vec<[f32; 2]>,
    /// The furthest that anything is moved to either side and up or down.
    reach_px: [f32; 2],
}

impl Warp {
    /// A field without places.
    pub(super) fn new() -> Self {
        Self {
            columns: 0,
            shifts: Vec::new(),
            knots: Vec::new(),
            row: Vec::new(),
            reach_px: [0.0; 2],
        }
    }

    /// Takes a picture's size and leaves everything where it is. Memory is kept from one picture to
    /// the next.
    pub(super) fn clear(&mut self, width: usize, height: usize) {
        self.columns = width.div_ceil(NODE_PX) + 1;
        let rows = height.div_ceil(NODE_PX) + 1;
        self.shifts.clear();
        self.shifts.resize(self.columns * rows, [0.0; 2]);
        self.reach_px = [0.0; 2];
    }

    /// Bends it all.
    pub(super) fn bend(&mut self, frame: &Frame, rng: &mut fastrand::Rng) {
        let nodes = (KNOT_BASES * frame.base / NODE_PX as f32).round() as usize;
        let nodes = nodes.max(KNOT_NODES_MIN);
        let push_px = PUSH_BASES * frame.base;
        let rows = self.shifts.len() / self.columns;
        // A stretch between knots is made of three, the one before and the one after among them.
        let [across, down] = [self.columns, rows].map(|side| side.div_ceil(nodes) + 2);
        self.knots.clear();
        for _ in 0..across * down {
            let right = between(-push_px, push_px, rng);
            let down = between(-push_px, push_px, rng);
            self.knots.push([right, down]);
        }
        self.row.resize(across, [0.0; 2]);
        for (y, shifts) in self.shifts.chunks_exact_mut(self.columns).enumerate() {
            let share = (y % nodes) as f32 / nodes as f32;
            let knots = &self.knots[y / nodes * across..];
            for (x, knot) in self.row.iter_mut().enumerate() {
                let three = [knots[x], knots[x + across], knots[x + 2 * across]];
                for axis in 0..2 {
                    knot[axis] = Curve::new(three.map(|knot| knot[axis])).at(share);
                }
            }
            let three = self.row.windows(3);
            for (shifts, knots) in shifts.chunks_mut(nodes).zip(three) {
                for axis in 0..2 {
                    let curve = Curve::new([knots[0][axis], knots[1][axis], knots[2][axis]]);
                    let most = curve.walk(nodes, shifts.iter_mut().map(|shift| &mut shift[axis]));
                    self.reach_px[axis] = self.reach_px[axis].max(most);
                }
            }
        }
    }

    /// The furthest that anything is moved to either side and up or down.
    pub(super) fn reach_px(&self) -> [f32; 2] {
        self.reach_px
    }

    /// How far from each node of a row lies what is drawn there, in pixels. The last of a row and
    /// of a column are on or beyond the edge.
    pub(super) fn row(&self, row: usize) -> &[[f32; 2]] {
        &self.shifts[row * self.columns..][..self.columns]
    }

    /// How far from a place lies what is drawn there; beyond the last node, as far as there.
    #[inline(always)]
    pub(super) fn shift(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let rows = self.shifts.len() / self.columns;
        let right = (x / NODE_PX as f32).clamp(0.0, (self.columns - 2) as f32);
        let down = (y / NODE_PX as f32).clamp(0.0, (rows - 2) as f32);
        let above = down as usize * self.columns + right as usize;
        let below = above + self.columns;
        let (right, down) = (right.fract(), down.fract());
        let mut shift = [0.0; 2];
        for (axis, shift) in shift.iter_mut().enumerate() {
            let along = |node: usize| {
                let (one, next) = (self.shifts[node][axis], self.shifts[node + 1][axis]);
                one + right * (next - one)
            };
            *shift = along(above) + down * (along(below) - along(above));
        }
        shift
    }
}

/// A stretch of a quadratic spline, from between its first two knots to between its last two.
struct Curve {
    start: f32,
    slope: f32,
    bend: f32,
}

impl Curve {
    #[inline(always)]
    fn new([before, middle, after]: [f32; 3]) -> Self {
        Self {
            start: f32::midpoint(before, middle),
            slope: middle - before,
            bend: f32::midpoint(before, after) - middle,
        }
    }

    /// The value at a share of the stretch.
    #[inline(always)]
    fn at(&self, share: f32) -> f32 {
        self.start + share * (self.slope + share * self.bend)
    }

    /// Writes the values at equal steps, so many to the stretch, and says how far from naught they
    /// get. Steps of a parabola change evenly, so that two additions make a value.
    #[inline(always)]
    fn walk<'a>(&self, steps: usize, values: impl Iterator<Item = &'a mut f32>) -> f32 {
        let share = 1.0 / steps as f32;
        let mut step = share * (self.slope + share * self.bend);
        let change = 2.0 * share * share * self.bend;
        let (mut value, mut most) = (self.start, 0.0_f32);
        for place in values {
            *place = value;
            most = most.max(value.abs());
            value += step;
            step += change;
        }
        most
    }
}

#[cfg(test)]
// What is compared is the same number, not one that was computed in another way.
#[allow(clippy::float_cmp)]
mod tests {
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
        let frame = Frame::new(width, height, text_chars);
        let mut warp = Warp::new();
        warp.clear(usize::from(width), usize::from(height));
        warp.bend(&frame, &mut fastrand::Rng::with_seed(seed));
        (warp, frame)
    }

    #[test]
    fn nothing_moves_before_it_is_bent() {
        let (mut warp, _) = bent(SIZES[0], 1);
        warp.clear(300, 100);
        assert_eq!(warp.reach_px(), [0.0; 2]);
        assert!(warp.shifts.iter().all(|shift| *shift == [0.0; 2]));
    }

    #[test]
    fn nodes_reach_to_the_far_edges() {
        for size in SIZES {
            let (warp, frame) = bent(size, 1);
            assert!(frame.width as usize <= (warp.columns - 1) * NODE_PX);
            let rows = warp.shifts.len() / warp.columns;
            assert!(frame.height as usize <= (rows - 1) * NODE_PX);
        }
    }

    #[test]
    fn everything_moves_but_not_far() {
        for size in SIZES {
            for seed in 0..20 {
                let (warp, frame) = bent(size, seed);
                for (axis, reach) in warp.reach_px().into_iter().enumerate() {
                    let moves = warp.shifts.iter().map(|shift| shift[axis].abs());
                    assert!((moves.fold(0.0, f32::max) - reach).abs() < 1e-3, "{size:?}");
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
                for row in warp.shifts.chunks(warp.columns) {
                    for three in row.windows(3) {
                        let [one, middle, last] = [three[0], three[1], three[2]];
                        for axis in 0..2 {
                            let rise = middle[axis] - one[axis];
                            let next = last[axis] - middle[axis];
                            assert!(rise.abs() <= rise_max + 1e-2, "{size:?} {seed}");
                            let change = (next - rise).abs();
                            assert!(change <= change_max + 1e-2, "{size:?} {seed}");
                        }
                    }
                }
                for (node, below) in warp.shifts.iter().zip(&warp.shifts[warp.columns..]) {
                    for axis in 0..2 {
                        let rise = (below[axis] - node[axis]).abs();
                        assert!(rise <= rise_max + 1e-2, "{size:?} {seed}");
                    }
                }
            }
        }
    }

    #[test]
    fn between_nodes_the_field_runs_evenly() {
        let (warp, _) = bent(SIZES[0], 3);
        let node = |column: usize, row: usize| warp.shifts[row * warp.columns + column];
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
        let alike = one.iter().zip(&other).filter(|(one, other)| {
            (one[0] - other[0]).abs() < 0.5 && (one[1] - other[1]).abs() < 0.5
        });
        assert!(alike.count() < one.len() / 20);
    }
}
