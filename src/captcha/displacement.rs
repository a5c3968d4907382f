//! The displacement map, which bends a picture: for places all over it, how far away lies what is
//! drawn there.
//!
//! Knows nothing of what is bent. Control points on a coarse grid are each moved by chance, and a
//! quadratic B-spline makes of their offsets a smooth map, so that what is near stays near and no
//! edge breaks. The map is worked out once for a picture, at the nodes of a fine grid, and runs evenly
//! between these.

use std::ops::Range;

use super::canvas::BLOCK_PX;
use super::frame::Frame;
use super::number::{lerp, random, split};

/// Distance of nodes in pixels. Large letters are looked up at the nodes alone, so that the thinnest
/// bar of one and the width of its stroke bound it. Four nodes are the corners of a block.
pub(super) const NODE_PX: usize = BLOCK_PX;

/// Distance of control points, in base sizes [60 px]: about half a letter, so that each letter is
/// bent in its own way.
const CONTROL_BASES: f32 = 0.8;
/// How far from the edge of the picture the map has its full effect, in distances of control points.
/// Less would squeeze what is at the edge into a line.
const FADE: f32 = 0.6;
/// Least distance of control points, in nodes. The map would have corners with fewer.
const CONTROL_NODES_MIN: usize = 4;

/// A displacement map of a picture's size.
pub(super) struct Displacement {
    /// Nodes in a row, and in a column.
    columns: usize,
    rows: usize,
    /// For each node, how far to the right of it lies what is drawn there, and how far below, in
    /// pixels.
    offsets: [Vec<f32>; 2],
    /// The offsets of the control points, row by row.
    controls: [Vec<f32>; 2],
    /// The spline along each row of control points, at the columns of nodes.
    splines: Vec<f32>,
    /// The longest offset to either side, and up or down, in pixels.
    reach_px: [f32; 2],
}

impl Displacement {
    /// A map without places.
    pub(super) fn new() -> Self {
        Self {
            columns: 0,
            rows: 0,
            offsets: [const { Vec::new() }; 2],
            controls: [const { Vec::new() }; 2],
            splines: Vec::new(),
            reach_px: [0.0; 2],
        }
    }

    /// Becomes the map of a picture: a random one, or where its tuning moves nothing the identity.
    /// Memory is kept from one picture to the next.
    pub(super) fn prepare(&mut self, frame: &Frame, rng: &mut fastrand::Rng) {
        let nodes = |side_px: f32| (side_px as usize).div_ceil(NODE_PX) + 1;
        (self.columns, self.rows) = (nodes(frame.width_px), nodes(frame.height_px));
        self.reach_px = [0.0; 2];
        for offsets in &mut self.offsets {
            offsets.resize(self.columns * self.rows, 0.0);
        }
        let spacing = (CONTROL_BASES * frame.base_px / NODE_PX as f32).round() as usize;
        self.randomize(
            spacing.max(CONTROL_NODES_MIN),
            frame.tuning.push_bases * frame.base_px,
            rng,
        );
    }

    /// Moves control points that are so many nodes apart, and the nodes between them.
    fn randomize(&mut self, spacing: usize, amplitude_px: f32, rng: &mut fastrand::Rng) {
        // A stretch between control points depends on three, the one before and the one after it
        // among them.
        let [across, down] = [self.columns, self.rows].map(|side| side.div_ceil(spacing) + 2);
        self.controls.iter_mut().for_each(Vec::clear);
        for _ in 0..across * down {
            for controls in &mut self.controls {
                controls.push(random([-amplitude_px, amplitude_px], rng));
            }
        }
        for axis in 0..2 {
            self.interpolate_rows(axis, across, spacing);
            self.interpolate_columns(axis, spacing);
        }
    }

    /// Works out `splines` from rows of so many control points.
    fn interpolate_rows(&mut self, axis: usize, across: usize, spacing: usize) {
        let fade = |node| {
            if axis == 0 {
                fade(node, self.columns, spacing)
            } else {
                1.0
            }
        };
        self.splines.clear();
        for controls in self.controls[axis].chunks_exact(across) {
            let end = self.splines.len() + self.columns;
            for (stretch, three) in controls.windows(3).enumerate() {
                let at = |node| {
                    let fade = fade(stretch * spacing + node);
                    fade * spline([three[0], three[1], three[2]], weights(node, spacing))
                };
                self.splines.extend((0..spacing).map(at));
            }
            self.splines.truncate(end);
        }
    }

    /// Works out `offsets` and `reach_px` from `splines`.
    fn interpolate_columns(&mut self, axis: usize, spacing: usize) {
        let columns = self.columns;
        let mut furthest = 0;
        for (y, offsets) in self.offsets[axis].chunks_exact_mut(columns).enumerate() {
            let (one, rest) = self.splines[y / spacing * columns..].split_at(columns);
            let (two, three) = rest.split_at(columns);
            let fade = if axis == 1 {
                fade(y, self.rows, spacing)
            } else {
                1.0
            };
            let weights = weights(y % spacing, spacing).map(|weight| fade * weight);
            for (offset, ((one, two), three)) in
                offsets.iter_mut().zip(one.iter().zip(two).zip(three))
            {
                *offset = spline([*one, *two, *three], weights);
            }
            // Numbers that are not negative are in the order of their bits, which are compared in
            // vector instructions, other than floats.
            let bits = offsets.iter().map(|offset| offset.abs().to_bits() as i32);
            furthest = bits.fold(furthest, i32::max);
        }
        self.reach_px[axis] = f32::from_bits(furthest as u32);
    }

    /// The longest offset to either side, and up or down, in pixels.
    pub(super) fn reach_px(&self) -> [f32; 2] {
        self.reach_px
    }

    /// The offsets of some nodes of a row to the right, and those down, in pixels. The last node of a
    /// row and of a column is on or beyond the edge.
    pub(super) fn row(&self, row: usize, columns: Range<usize>) -> [&[f32]; 2] {
        let first = row * self.columns;
        [0, 1].map(|axis| &self.offsets[axis][first + columns.start..first + columns.end])
    }

    /// The offset at a place, in pixels; beyond the last node, that of the node.
    pub(super) fn at(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let (column, share) = node_before(x, self.columns);
        let [left, right] = [column, column + 1].map(|column| self.at_column(column, y));
        [0, 1].map(|axis| lerp(left[axis], right[axis], share))
    }

    /// The same for a place in a column of nodes.
    #[inline(always)]
    pub(super) fn at_column(&self, column: usize, y: f32) -> [f32; 2] {
        let (row, share) = node_before(y, self.rows);
        let node = row * self.columns + column;
        [0, 1].map(|axis| {
            let offsets = &self.offsets[axis];
            lerp(offsets[node], offsets[node + self.columns], share)
        })
    }
}

/// Which of so many nodes is before a coordinate in pixels, and the share of the way from there to
/// the next, which may be all of it.
#[inline(always)]
fn node_before(coordinate_px: f32, nodes: usize) -> (usize, f32) {
    let place = (coordinate_px / NODE_PX as f32).clamp(0.0, (nodes - 1) as f32);
    let node = split(place).0.min(nodes as i32 - 2);
    (node as usize, place - node as f32)
}

/// The share of its push that a node keeps, of so many on a side: none at the edge of the picture,
/// over which nothing is moved so, and all from [`FADE`] on.
fn fade(node: usize, nodes: usize, spacing: usize) -> f32 {
    let inside = node.min((nodes - 1).saturating_sub(node));
    (inside as f32 / (FADE * spacing as f32)).min(1.0)
}

/// The value of a spline, given that of three control points and how much each counts.
#[inline(always)]
fn spline(controls: [f32; 3], weights: [f32; 3]) -> f32 {
    controls[0] * weights[0] + controls[1] * weights[1] + controls[2] * weights[2]
}

/// How much each of three control points counts at a node, of so many on the stretch from the middle
/// of the first two to that of the last two: the quadratic B-spline.
fn weights(node: usize, nodes: usize) -> [f32; 3] {
    let share = node as f32 / nodes as f32;
    let rest = 1.0 - share;
    [rest * rest / 2.0, 0.5 + share * rest, share * share / 2.0]
}

#[cfg(test)]
// What is compared is the same number, not one that was computed in another way.
#[allow(clippy::float_cmp)]
mod tests {
    use super::super::tuning::{NORMAL, Tuning};
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

    fn bent((width, height, text_chars): (u16, u16, usize), seed: u64) -> (Displacement, Frame) {
        let frame = Frame::new(width, height, text_chars, &NORMAL);
        let mut map = Displacement::new();
        map.prepare(&frame, &mut fastrand::Rng::with_seed(seed));
        (map, frame)
    }

    /// All rows of nodes.
    fn rows(map: &Displacement) -> impl Iterator<Item = [&[f32]; 2]> {
        (0..map.rows).map(|row| map.row(row, 0..map.columns))
    }

    #[test]
    fn where_nothing_is_displaced_all_offsets_are_zero() {
        const STILL: Tuning = Tuning {
            push_bases: 0.0,
            ..NORMAL
        };
        let (mut map, _) = bent(SIZES[0], 1);
        let frame = Frame::new(300, 100, 6, &STILL);
        map.prepare(&frame, &mut fastrand::Rng::with_seed(1));
        assert_eq!(map.reach_px(), [0.0; 2]);
        assert_eq!(rows(&map).count(), 26);
        assert!(rows(&map).all(|row| row == [&[0.0; 76]; 2]));
    }

    #[test]
    fn nodes_reach_to_the_far_edges() {
        for size in SIZES {
            let (map, frame) = bent(size, 1);
            assert!(frame.width_px as usize <= (map.columns - 1) * NODE_PX);
            let rows = rows(&map).count();
            assert!(frame.height_px as usize <= (rows - 1) * NODE_PX);
        }
    }

    #[test]
    fn everything_moves_but_not_far() {
        for size in SIZES {
            for seed in 0..20 {
                let (map, frame) = bent(size, seed);
                for (axis, reach) in map.reach_px().into_iter().enumerate() {
                    let moves = map.offsets[axis].iter().map(|offset| offset.abs());
                    assert_eq!(moves.fold(0.0, f32::max), reach, "{size:?}");
                    assert!(
                        reach <= NORMAL.push_bases * frame.base_px + 1e-2,
                        "{size:?} {seed}"
                    );
                    assert!(0.02 * frame.base_px < reach, "{size:?} {seed}");
                }
            }
        }
    }

    /// Nothing is moved over the edge of the picture.
    #[test]
    fn at_the_edges_nothing_moves_out() {
        for size in SIZES {
            let (map, _) = bent(size, 1);
            let last = map.rows - 1;
            for node in 0..map.columns {
                assert_eq!(
                    (
                        map.row(0, node..node + 1)[1][0],
                        map.row(last, node..node + 1)[1][0]
                    ),
                    (0.0, 0.0)
                );
            }
            for row in rows(&map) {
                assert_eq!((row[0][0], row[0][map.columns - 1]), (0.0, 0.0));
            }
        }
    }

    /// The rise from one node to the next has a bound: that of two control points moved as far apart as
    /// they can be, and of what fades at the edge. It also changes little by little. If control points
    /// of three rows were all moved so, a place could be shown twice: that happens in none of these
    /// maps.
    #[test]
    fn what_is_near_stays_near() {
        for size in SIZES {
            for seed in 0..20 {
                let (map, frame) = bent(size, seed);
                let control_px = (CONTROL_BASES * frame.base_px / NODE_PX as f32)
                    .round()
                    .max(CONTROL_NODES_MIN as f32)
                    * NODE_PX as f32;
                let steepest = NORMAL.push_bases * frame.base_px / control_px * NODE_PX as f32;
                let fading = steepest / FADE;
                assert!(fading < NODE_PX as f32);
                let rise_max = (2.0 * steepest + fading).min(NODE_PX as f32);
                let change_max = 4.0 * steepest / (control_px / NODE_PX as f32) + fading;
                for three in rows(&map).flatten().flat_map(|row| row.windows(3)) {
                    let (rise, next) = (three[1] - three[0], three[2] - three[1]);
                    assert!(rise.abs() <= rise_max + 1e-2, "{size:?} {seed}");
                    let change = (next - rise).abs();
                    assert!(change <= change_max + 1e-2, "{size:?} {seed}");
                }
                for offsets in &map.offsets {
                    for (node, below) in offsets.iter().zip(&offsets[map.columns..]) {
                        let rise = (below - node).abs();
                        assert!(rise <= rise_max + 1e-2, "{size:?} {seed}");
                    }
                }
            }
        }
    }

    #[test]
    fn between_nodes_the_field_runs_evenly() {
        let (map, _) = bent(SIZES[0], 3);
        let node = |column: usize, row: usize| map.row(row, 0..map.columns).map(|row| row[column]);
        for axis in 0..2 {
            let middle = [(7, 5), (8, 5), (7, 6), (8, 6)].map(|(x, y)| node(x, y)[axis]);
            let found = map.at([30.0, 22.0])[axis];
            assert!((found - middle.iter().sum::<f32>() / 4.0).abs() < 1e-3);
            assert!((map.at([28.0, 20.0])[axis] - node(7, 5)[axis]).abs() < 1e-3);
        }
        // Outside it is as far as at the edge.
        assert_eq!(map.at([-50.0, 20.0]), map.at([0.0, 20.0]));
        assert_eq!(map.at([1e6, 1e6]), map.at([700.0, 300.0]));
    }

    #[test]
    fn every_picture_is_bent_in_its_own_way() {
        let one = bent(SIZES[0], 1).0.offsets;
        assert_eq!(one, bent(SIZES[0], 1).0.offsets);
        let other = bent(SIZES[0], 2).0.offsets;
        let near = |axis: usize, node: usize| (one[axis][node] - other[axis][node]).abs() < 0.5;
        let alike = (0..one[0].len()).filter(|&node| near(0, node) && near(1, node));
        assert!(alike.count() < one[0].len() / 20);
    }
}
