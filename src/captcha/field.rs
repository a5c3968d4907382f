//! The signed distance field of a glyph: made once from a bitmap, then drawn at any size, turned,
//! thickened and hollowed by looking at distances alone.
//!
//! Knows neither fonts nor pictures. A field is a grid of cells, which hold the distance from their
//! centre to the nearest point of the outline. The outline is where the coverage of the bitmap passes
//! one half. Distances are measured to it and not to whole pixels, since the steps of pixels would
//! show as bumps once a letter is enlarged.

use super::number::{least, length, lerp, round, split};

/// Pixels of the bitmap along the side of a cell. Coverage gives the place of an edge to about a
/// tenth of a bitmap pixel, and two make the error half as large in the field.
pub(super) const PIXELS_PER_CELL: usize = 2;

/// Cells around the bitmap. What is drawn outside a glyph's outline, its stroke above all, must fit
/// in here.
pub(super) const MARGIN_CELLS: usize = 12;
const MARGIN_PIXELS: usize = MARGIN_CELLS * PIXELS_PER_CELL;

/// Columns of every field. The widest glyph of the font with its margins has 62; a power of two
/// makes the place of a cell cheap to find.
const COLUMNS: usize = 64;

/// Parts of a cell in which the places of [`Field::nearest`] are counted: with so many, the places
/// around the smallest letter, of which a pixel is 40 cells, fit 16 bits. A part is less than what
/// the distances are off by.
pub(super) const PARTS: i32 = 1 << PART_BITS;
const PART_BITS: u32 = 6;

/// Cells to a unit of the distances that a field holds. They have 16 bits to be read fast.
pub(super) const CELLS_PER_UNIT: f32 = 1.0 / 256.0;

/// Distances are known up to this one. It is short of the margin, so that no cell near enough to an
/// outline lies outside the field. Further ones are given as this.
const REACH_CELLS: usize = MARGIN_CELLS - 1;

/// Up to this distance, of one cell, the outline is taken to be straight. Beyond it, the nearest of
/// the known points of the outline is at most a sixth of a cell further away than the outline, and
/// most often less than a fiftieth.
const NEAR: i16 = (1.0 / CELLS_PER_UNIT) as i16;

/// Coverage from which a pixel is inside.
const HALF_COVER: f32 = 127.5;

/// A distance that is longer than all others, in cells or pixels.
const FAR: f32 = 1e4;

/// Distances from the centres of cells to the nearest point of an outline, in units of 1/256 cell:
/// positive outside, negative inside.
#[derive(PartialEq)]
pub(super) struct Field {
    rows: Box<[[i16; COLUMNS]]>,
}

impl Field {
    /// What is given as the distance of everything that is further than it.
    pub(super) const FAR: i16 = (REACH_CELLS as f32 / CELLS_PER_UNIT) as i16;

    /// Memory for the distances.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.rows)
    }

    /// The distance at a point between cells, in cells.
    #[inline(always)]
    pub(super) fn at(&self, [x, y]: [f32; 2]) -> f32 {
        let ((column, rightward), (row, downward)) = (split(x), split(y));
        // What is negative becomes large.
        let [column, row] = [column, row].map(|at| at as u32);
        if COLUMNS as u32 - 1 <= column {
            return REACH_CELLS as f32;
        }
        let place = row.wrapping_mul(COLUMNS as u32).wrapping_add(column) as usize;
        let end = place.saturating_add(COLUMNS + 2);
        let Some(cells) = self.rows.as_flattened().get(place..end) else {
            return REACH_CELLS as f32;
        };
        let above = lerp(cells[0].into(), cells[1].into(), rightward);
        let below = lerp(cells[COLUMNS].into(), cells[COLUMNS + 1].into(), rightward);
        lerp(above, below, downward) * CELLS_PER_UNIT
    }

    /// The distances at the cells nearest to some points, in units; outside the field, at the cells
    /// of its edge. Points are counted in [`PARTS`] of a cell.
    #[inline(always)]
    pub(super) fn nearest<const N: usize>(&self, points: &[[i16; N]; 2]) -> [i16; N] {
        let cells = self.rows.as_flattened();
        let places = places(points, self.rows.len());
        // There always is a cell; where there were none, nothing would be near.
        places.map(|place| *cells.get(usize::from(place)).unwrap_or(&Self::FAR))
    }
}

/// The places in a field of so many rows of the cells nearest to some points.
///
/// In a function of its own the loop remains one, which a compiler makes into steps for several
/// points at once. Among the look-ups that follow, which are done one by one, it would be unrolled.
#[inline(never)]
fn places<const N: usize>([x, y]: &[[i16; N]; 2], rows: usize) -> [u16; N] {
    let cell = |point: i16, cells: usize| {
        let cell = (point + PARTS as i16 / 2) >> PART_BITS;
        cell.clamp(0, cells as i16 - 1) as u16
    };
    std::array::from_fn(|i| cell(y[i], rows) * COLUMNS as u16 + cell(x[i], COLUMNS))
}

impl Field {
    /// The field of a bitmap of coverage, `width` pixels wide, 255 for pixels wholly inside.
    ///
    /// This is a distance transform in two passes, as Felzenszwalb and Huttenlocher describe it
    /// ("Distance Transforms of Sampled Functions", 2012): along lines, and then across them. Some lines
    /// lead down through the middles of the cells, and others to the right, so that both level and
    /// upright parts of the outline are met by many.
    pub(super) fn of_bitmap(coverage: &[u8], width: usize) -> Self {
        let width = width.max(1);
        let height = coverage.len() / width;
        let down = Lines::measured(coverage, [width, height], [1, width]);
        let right = Lines::measured(coverage, [height, width], [width, 1]);
        let mut rows = distances_to_crossings(&down, &right);
        // The cells of the bitmap, and those next to it. No others are near.
        let columns = MARGIN_CELLS - 1..=down.count - MARGIN_CELLS;
        for row in MARGIN_CELLS - 1..=right.count - MARGIN_CELLS {
            for (column, cell) in columns.clone().zip(&mut rows[row][columns.clone()]) {
                if *cell < NEAR {
                    let cells = distance_to_edge(
                        down.distances[row * down.count + column],
                        right.distances[column * right.count + row],
                    );
                    *cell = round(cells / CELLS_PER_UNIT) as i16;
                }
            }
        }
        let pixels = coverage.chunks_exact(width).step_by(PIXELS_PER_CELL);
        for (cells, pixels) in rows[MARGIN_CELLS..].iter_mut().zip(pixels) {
            let pixels = pixels.iter().step_by(PIXELS_PER_CELL);
            for (cell, &pixel) in cells[MARGIN_CELLS..].iter_mut().zip(pixels) {
                if HALF_COVER < pixel.into() {
                    *cell = -*cell;
                }
            }
        }
        Self { rows }
    }
}

/// The distances of a field without their signs, to the points where any line crosses the outline.
/// Each step is a loop of its own, of which a compiler makes vector instructions.
fn distances_to_crossings(down: &Lines, right: &Lines) -> Box<[[i16; COLUMNS]]> {
    let mut rows = vec![[SQUARE_MAX; COLUMNS]; right.count].into_boxed_slice();
    for (row, from_down) in rows.iter_mut().zip(down.squares.chunks_exact(down.count)) {
        for (square, &from_down) in row.iter_mut().zip(from_down) {
            *square = from_down;
        }
    }
    let columns = right.squares.chunks_exact(right.count).take(COLUMNS);
    for (column, from_right) in columns.enumerate() {
        for (row, &from_right) in rows.iter_mut().zip(from_right) {
            row[column] = row[column].min(from_right);
        }
    }
    for cell in rows.as_flattened_mut() {
        let cells = (f32::from(*cell) / SQUARE_PARTS).sqrt();
        *cell = round(least(cells, REACH_CELLS as f32) / CELLS_PER_UNIT) as i16;
    }
    rows
}

/// The square of a distance, in so many parts of a square cell. With 16 bits many are compared at
/// once.
type Square = i16;
const SQUARE_PARTS: f32 = 128.0;
/// The greatest of them, of which two can be added up. It is beyond the reach.
const SQUARE_MAX: Square = Square::MAX / 2;
const _: () = assert!((REACH_CELLS * REACH_CELLS) as f32 * SQUARE_PARTS < SQUARE_MAX as f32);

/// Cells whose squares are worked out at once: few enough for the vector registers of a processor.
const BLOCK_CELLS: usize = 16;

/// Parallel lines through the middles of the cells of a field. They are followed step by step, from
/// cell to cell, and what is done for a step is done for all lines at once.
struct Lines {
    /// How many lines there are, those in the margins included.
    count: usize,
    /// The distance along its line from every cell to the nearest point where the line crosses the
    /// outline, in cells.
    distances: Vec<f32>,
    /// The square of every cell's distance to the nearest point where any of the lines crosses the
    /// outline.
    squares: Vec<Square>,
}

impl Lines {
    /// Measures a bitmap, given its extent across the lines and along them in pixels, and by how much
    /// pixels that are neighbours in these directions are apart in `bitmap`.
    fn measured(bitmap: &[u8], [across, along]: [usize; 2], apart: [usize; 2]) -> Self {
        let lanes = across.div_ceil(PIXELS_PER_CELL);
        // The coverage of every pixel on one of the lines, and of one that is outside the outline before
        // and after.
        let mut coverage = vec![0.0; (along + 2) * lanes];
        let steps = coverage.chunks_exact_mut(lanes.max(1));
        for (at, coverage) in steps.skip(1).take(along).enumerate() {
            for (lane, coverage) in coverage.iter_mut().enumerate() {
                *coverage = bitmap[at * apart[1] + lane * PIXELS_PER_CELL * apart[0]].into();
            }
        }
        let pixels = distances_along(&coverage, lanes);
        let count = lanes + 2 * MARGIN_CELLS;
        let steps = along.div_ceil(PIXELS_PER_CELL) + 2 * MARGIN_CELLS;
        let mut distances = vec![FAR; steps * count];
        for (step, distances) in distances.chunks_exact_mut(count).enumerate() {
            // The pixel of a step, and how far beyond the first or last of these it lies.
            let at = (step * PIXELS_PER_CELL + 1) as f32 - MARGIN_PIXELS as f32;
            let nearest = at.clamp(0.0, (along + 1) as f32);
            let beyond = (at - nearest).abs();
            let pixels = &pixels[nearest as usize * lanes..][..lanes];
            for (distance, pixels) in distances[MARGIN_CELLS..].iter_mut().zip(pixels) {
                *distance = (pixels + beyond) / PIXELS_PER_CELL as f32;
            }
        }
        Self {
            count,
            squares: squares_across(&distances),
            distances,
        }
    }
}

/// The distance along its line from each pixel to the nearest point where the line crosses the outline,
/// in pixels, given their coverage. Each step has so many pixels.
fn distances_along(coverage: &[f32], lanes: usize) -> Vec<f32> {
    let mut pixels = vec![FAR; coverage.len()];
    let steps = coverage.len() / lanes.max(1);
    let forward = (1..steps).map(|step| (step, step - 1));
    let backward = (1..steps).rev().map(|step| (step - 1, step));
    for (here, there) in forward.chain(backward) {
        let (before, after) = pixels.split_at_mut(here.max(there) * lanes);
        let (distances, beside) = if there < here {
            (after, &before[there * lanes..])
        } else {
            (&mut before[here * lanes..], &*after)
        };
        let [here, there] = [here, there].map(|step| &coverage[step * lanes..][..lanes]);
        let coverage = here.iter().zip(there);
        for ((distance, beside), (&here, &there)) in distances.iter_mut().zip(beside).zip(coverage)
        {
            *distance = least(*distance, least(crossing(here, there), beside + 1.0));
        }
    }
    pixels
}

/// The squares of cells' distances to the nearest crossing of any line, given their distances to the
/// nearest of their own.
///
/// The nearest point is away across the lines as well as along them. Every line within reach is tried,
/// for a block of cells at once: the reach is so short that this is faster than to find the right one, as
/// the paper does. Beyond the last line of a step is the first of the next, in whose margin nothing is
/// near.
fn squares_across(distances: &[f32]) -> Vec<Square> {
    let square =
        |cells: f32| round(least(cells * cells * SQUARE_PARTS, SQUARE_MAX.into())) as Square;
    let across: [Square; REACH_CELLS + 1] = std::array::from_fn(|lines| square(lines as f32));
    let cells = distances.len().next_multiple_of(BLOCK_CELLS);
    // The squares of the distances along the lines, with a margin before and after.
    let mut along = vec![SQUARE_MAX; cells + 2 * REACH_CELLS];
    for (along, &cells) in along[REACH_CELLS..].iter_mut().zip(distances) {
        *along = square(cells);
    }
    let windows = along.array_windows::<{ BLOCK_CELLS + 2 * REACH_CELLS }>();
    let mut squares = Vec::with_capacity(cells);
    for window in windows.step_by(BLOCK_CELLS) {
        let mut nearest = [SQUARE_MAX; BLOCK_CELLS];
        for (lines, &across) in across.iter().enumerate() {
            let [before, after]: [&[_; BLOCK_CELLS]; 2] =
                [REACH_CELLS - lines, REACH_CELLS + lines].map(|from| {
                    window[from..]
                        .first_chunk()
                        .expect("a window holds the block")
                });
            for cell in 0..BLOCK_CELLS {
                let along = before[cell].min(after[cell]);
                nearest[cell] = nearest[cell].min(along + across);
            }
        }
        squares.extend_from_slice(&nearest);
    }
    squares
}

/// The distance to a straight edge, given how far it is along a line downward and along one to the
/// right: the height of a right-angled triangle of which these are the legs.
fn distance_to_edge(down: f32, right: f32) -> f32 {
    down * right / length(down, right).max(f32::MIN_POSITIVE)
}

/// How far from one pixel to the next the coverage passes one half, in pixels; [`FAR`] if it does
/// not.
#[inline(always)]
fn crossing(here: f32, there: f32) -> f32 {
    let place = (HALF_COVER - here) / (there - here);
    let crosses = (here < HALF_COVER) != (there < HALF_COVER);
    if crosses { place } else { FAR }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bitmap of a disc with exact distances, in pixels, to judge a field by.
    fn disc(side: usize, radius_pixels: f32) -> Vec<u8> {
        let middle = (side as f32 - 1.0) / 2.0;
        let inside = |x: f32, y: f32| (x - middle).hypot(y - middle) <= radius_pixels;
        (0..side * side)
            .map(|pixel| {
                let (x, y) = ((pixel % side) as f32, (pixel / side) as f32);
                let parts = (0..256).filter(|part| {
                    let (right, down) = ((part % 16) as f32, (part / 16) as f32);
                    inside(x + (right - 7.5) / 16.0, y + (down - 7.5) / 16.0)
                });
                (parts.count() * 255 / 256) as u8
            })
            .collect()
    }

    #[test]
    fn distances_to_a_disc_are_nearly_exact() {
        let (side, radius_pixels) = (41, 17.3);
        let field = Field::of_bitmap(&disc(side, radius_pixels), side);
        let per_cell = PIXELS_PER_CELL as f32;
        let middle = (side as f32 - 1.0) / 2.0 / per_cell + MARGIN_CELLS as f32;
        let mut errors = Vec::new();
        for (cell, &distance) in field.rows.as_flattened().iter().enumerate() {
            let (x, y) = ((cell % COLUMNS) as f32, (cell / COLUMNS) as f32);
            let reach = REACH_CELLS as f32;
            let exact = ((x - middle).hypot(y - middle) - radius_pixels / per_cell).min(reach);
            let found = f32::from(distance) * CELLS_PER_UNIT;
            errors.push((found - exact).abs());
        }
        errors.sort_unstable_by(f32::total_cmp);
        let [median, most] = [errors[errors.len() / 2], errors[errors.len() - 1]];
        assert!(median < 0.02 && most < 0.17, "{median} {most}");
    }

    #[test]
    fn between_cells_the_distance_is_interpolated() {
        let mut field = Field {
            rows: Box::new([[0; COLUMNS]; 2]),
        };
        field.rows[0][..2].copy_from_slice(&[0, 100]);
        field.rows[1][..2].copy_from_slice(&[200, 300]);
        let check = |x, y, units: f32| {
            assert!((field.at([x, y]) / CELLS_PER_UNIT - units).abs() < 0.01);
        };
        check(0.01, 0.0, 1.0);
        check(0.5, 0.0, 50.0);
        check(0.01, 0.5, 101.0);
        check(0.75, 0.25, 125.0);
    }

    #[test]
    fn nearest_cells_are_those_of_the_field() {
        let mut field = Field {
            rows: Box::new([[0; COLUMNS]; 3]),
        };
        for (cell, distance) in field.rows.as_flattened_mut().iter_mut().enumerate() {
            *distance = cell as i16;
        }
        let part = PARTS as i16;
        for (x, y, column, row) in [
            (0, 0, 0, 0),
            (5 * part, part, 5, 1),
            (5 * part + part / 2 - 1, part - part / 2, 5, 1),
            (5 * part + part / 2, part - part / 2 - 1, 6, 0),
            (-9 * part, -1, 0, 0),
            (70 * part, 9 * part, COLUMNS - 1, 2),
        ] {
            let distance = (row * COLUMNS + column) as i16;
            assert_eq!(field.nearest(&[[x; 4], [y; 4]]), [distance; 4], "{x} {y}");
        }
    }

    #[test]
    fn an_empty_bitmap_is_far_from_everything() {
        let field = Field::of_bitmap(&[], 0);
        let reach = Field::FAR;
        assert!(
            field
                .rows
                .as_flattened()
                .iter()
                .all(|&distance| distance == reach)
        );
    }
}
