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

/// Distance of knots, in base sizes of the letters [48 px in a picture of 600 x 200 with six
/// letters]: about half a letter, so that each is bent in its own way.
const KNOT_BASES: f32 = 0.64;
/// Least distance of knots, in nodes: what is bent within fewer would have corners.
const KNOT_NODES_MIN: usize = 4;

/// How far a knot is pushed to either side at most, in base sizes [15 px]. The slope of the field is
/// at most twice that for a distance of knots, six tenths, and rarely half of it.
const PUSH_BASES: f32 = 0.2;

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

    /// From where a node is taken. The last of a row and of a column are on or beyond the edge.
    #[inline(always)]
    pub(super) fn node(&self, column: usize, row: usize) -> [f32; 2] {
        let [right, down] = self.shifts[row * self.columns + column];
        [
            (column * NODE_PX) as f32 + right,
            (row * NODE_PX) as f32 + down,
        ]
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
