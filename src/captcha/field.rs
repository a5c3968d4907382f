//! A shape as distances to its outline: made once from a bitmap, then drawn at any size, turned,
//! grown and hollowed by looking at distances alone.
//!
//! Knows neither fonts nor pictures. Distances are exact to a few hundredths of a cell: they are
//! taken to the bitmap's contour, a chain of short segments, and not to whole pixels, since the
//! steps of a pixel outline would show as bumps once a letter is enlarged.

use super::number::{lerp, split};

/// Pixels of the bitmap along the side of a cell. Coverage gives the place of an edge to about a
/// tenth of a bitmap pixel, and two make the error half as large in the field.
pub(super) const PIXELS_PER_CELL: usize = 2;

/// Cells around the bitmap. What is drawn outside a shape's outline, its stroke above all, must
/// fit in here.
pub(super) const MARGIN_CELLS: usize = 12;

/// Columns of every field. The widest letter of the font with its margins has 62; a power of two
/// makes the place of a cell cheap to find.
pub(super) const COLUMNS: usize = 64;

/// Parts of a cell in which places are counted: with so many, the places around the smallest letter,
/// of which a pixel is 28 cells, fit 16 bits. A part is less than what the distances are off by.
pub(super) const PARTS: i32 = 1 << PART_BITS;
const PART_BITS: u32 = 6;

/// What a distance of one cell is in a field's numbers.
pub(super) const UNITS_PER_CELL: i32 = 256;
pub(super) const CELLS_PER_UNIT: f32 = 1.0 / UNITS_PER_CELL as f32;

/// Distances are known up to this one, which is short of the margin, so that no cell near enough
/// to a contour lies outside the field. Further ones are given as this.
const REACH_CELLS: usize = MARGIN_CELLS - 1;

/// Up to this distance a segment is measured as such, beyond it by its middle alone, which is off
/// by less than a thirtieth of a cell there and four times as fast.
const NEAR_CELLS: usize = 2;

/// Coverage from which a pixel is inside.
const HALF_COVER: u8 = 128;

/// A point in cells of the field.
type Point = [f32; 2];

/// Distances from the centres of cells to the nearest point of an outline: positive outside,
/// negative inside.
#[derive(PartialEq)]
pub(super) struct Field {
    rows: Box<[[i16; COLUMNS]]>,
}

impl Field {
    /// Measures a bitmap of coverage, `width` pixels wide.
    pub(super) fn of_bitmap(coverage: &[u8], width: usize) -> Self {
        let bitmap = Bitmap {
            coverage,
            width,
            height: coverage.len() / width.max(1),
        };
        let rows = bitmap.height.div_ceil(PIXELS_PER_CELL) + 2 * MARGIN_CELLS;
        let mut squares = Squares(vec![[(REACH_CELLS * REACH_CELLS) as f32; COLUMNS]; rows]);
        bitmap.for_each_segment(|start, end| {
            squares.lower_far(start, end);
            squares.lower_near(start, end);
        });
        let rows = squares.0.iter().zip(0..).map(|(squares, row)| {
            std::array::from_fn(|column| {
                let distance = (squares[column].sqrt() * UNITS_PER_CELL as f32 + 0.5) as i16;
                if bitmap.covers(column, row) {
                    -distance
                } else {
                    distance
                }
            })
        });
        Self {
            rows: rows.collect(),
        }
    }

    /// What is given as the distance of everything that is further than it.
    pub(super) const FAR: i16 = REACH_CELLS as i16 * UNITS_PER_CELL as i16;

    /// Memory for the distances.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.rows)
    }

    /// The distance at a point between cells, in cells.
    #[inline(always)]
    pub(super) fn at(&self, [x, y]: Point) -> f32 {
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

/// Coverage of pixels, 255 for those wholly inside.
struct Bitmap<'a> {
    coverage: &'a [u8],
    width: usize,
    height: usize,
}

impl Bitmap<'_> {
    /// Coverage of a pixel, counted from one, so that there is an empty ring around the bitmap.
    fn coverage(&self, x: usize, y: usize) -> u8 {
        let within = (1..=self.width).contains(&x) && (1..=self.height).contains(&y);
        if within {
            self.coverage[(y - 1) * self.width + x - 1]
        } else {
            0
        }
    }

    /// Whether the centre of a cell is inside. Cells have their centres on those of pixels, which
    /// is where a contour's two sides meet the coverage that they were found from.
    fn covers(&self, column: usize, row: usize) -> bool {
        let pixel =
            |cell: usize| (PIXELS_PER_CELL * cell + 1).checked_sub(PIXELS_PER_CELL * MARGIN_CELLS);
        match (pixel(column), pixel(row)) {
            (Some(x), Some(y)) => HALF_COVER <= self.coverage(x, y),
            _ => false,
        }
    }

    /// Follows the line of half coverage through every square of four neighbouring pixels.
    fn for_each_segment(&self, mut segment: impl FnMut(Point, Point)) {
        for y in 0..=self.height {
            for x in 0..=self.width {
                let corners = [
                    self.coverage(x, y),
                    self.coverage(x + 1, y),
                    self.coverage(x + 1, y + 1),
                    self.coverage(x, y + 1),
                ];
                let inside = corners
                    .iter()
                    .filter(|&&corner| HALF_COVER <= corner)
                    .count();
                if inside == 0 || inside == 4 {
                    continue;
                }
                let mut crossings = crossings(corners)
                    .map(|[right, down]| [cells(x as f32 + right), cells(y as f32 + down)]);
                // Four crossings are two outlines that touch; which two of them belong together
                // makes no difference that could be seen.
                while let (Some(start), Some(end)) = (crossings.next(), crossings.next()) {
                    segment(start, end);
                }
            }
        }
    }
}

/// Where the line of half coverage crosses the sides of a square between the centres of four
/// pixels, given clockwise from the upper left.
fn crossings(
    [upper_left, upper_right, lower_right, lower_left]: [u8; 4],
) -> impl Iterator<Item = Point> {
    let top = crossing(upper_left, upper_right).map(|right| [right, 0.0]);
    let right = crossing(upper_right, lower_right).map(|down| [1.0, down]);
    let bottom = crossing(lower_left, lower_right).map(|right| [right, 1.0]);
    let left = crossing(upper_left, lower_left).map(|down| [0.0, down]);
    [top, right, bottom, left].into_iter().flatten()
}

/// How far from one pixel to another the coverage passes a half, if it does.
fn crossing(from: u8, to: u8) -> Option<f32> {
    let crosses = (from < HALF_COVER) != (to < HALF_COVER);
    let (from, to, half) = (f32::from(from), f32::from(to), f32::from(HALF_COVER) - 0.5);
    crosses.then(|| (half - from) / (to - from))
}

/// A coordinate of the ringed bitmap in cells of the field.
fn cells(pixels: f32) -> f32 {
    (pixels - 1.0) / PIXELS_PER_CELL as f32 + MARGIN_CELLS as f32
}

/// Squares of the distances found so far, which every segment of the contour may lower.
struct Squares(Vec<[f32; COLUMNS]>);

impl Squares {
    /// Lowers all cells within reach to their distance from the segment's middle.
    fn lower_far(&mut self, start: Point, end: Point) {
        const WIDTH: usize = 2 * REACH_CELLS;
        let middle = [
            f32::midpoint(start[0], end[0]),
            f32::midpoint(start[1], end[1]),
        ];
        // The margin is wider than the reach, so that the window is always within the field.
        let left = middle[0] as usize + 1 - REACH_CELLS;
        let top = middle[1] as usize + 1 - REACH_CELLS;
        let across: [f32; WIDTH] = std::array::from_fn(|i| ((left + i) as f32 - middle[0]).powi(2));
        for (row, y) in self.0[top..top + WIDTH].iter_mut().zip(top..) {
            let down = (y as f32 - middle[1]).powi(2);
            for (value, across) in row[left..left + WIDTH].iter_mut().zip(&across) {
                let square = across + down;
                *value = if square < *value { square } else { *value };
            }
        }
    }

    /// Lowers the cells next to a segment to their exact distance from it.
    fn lower_near(&mut self, start: Point, end: Point) {
        let along = [end[0] - start[0], end[1] - start[1]];
        let length_squared = (along[0] * along[0] + along[1] * along[1]).max(f32::MIN_POSITIVE);
        let left = start[0] as usize + 1 - NEAR_CELLS;
        let top = start[1] as usize + 1 - NEAR_CELLS;
        for y in top..top + 2 * NEAR_CELLS {
            for x in left..left + 2 * NEAR_CELLS {
                let from = [x as f32 - start[0], y as f32 - start[1]];
                let share = (from[0] * along[0] + from[1] * along[1]) / length_squared;
                let share = share.clamp(0.0, 1.0);
                let away = [from[0] - share * along[0], from[1] - share * along[1]];
                let square = away[0] * away[0] + away[1] * away[1];
                let value = &mut self.0[y][x];
                *value = value.min(square);
            }
        }
    }
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
    fn distances_to_a_disc_are_exact() {
        let (side, radius_pixels) = (41, 17.3);
        let field = Field::of_bitmap(&disc(side, radius_pixels), side);
        let per_cell = PIXELS_PER_CELL as f32;
        let middle = (side as f32 - 1.0) / 2.0 / per_cell + MARGIN_CELLS as f32;
        for (cell, &distance) in field.rows.as_flattened().iter().enumerate() {
            let (x, y) = ((cell % COLUMNS) as f32, (cell / COLUMNS) as f32);
            let reach = REACH_CELLS as f32;
            let exact = ((x - middle).hypot(y - middle) - radius_pixels / per_cell).min(reach);
            let found = f32::from(distance) / UNITS_PER_CELL as f32;
            assert!(
                (found - exact).abs() < 0.06,
                "{found} for {exact} at {x}, {y}"
            );
        }
    }

    #[test]
    fn between_cells_the_distance_is_interpolated() {
        let mut field = Field {
            rows: Box::new([[0; COLUMNS]; 2]),
        };
        field.rows[0][..2].copy_from_slice(&[0, 100]);
        field.rows[1][..2].copy_from_slice(&[200, 300]);
        let check = |x, y, units: f32| {
            assert!((field.at([x, y]) * UNITS_PER_CELL as f32 - units).abs() < 0.01);
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
        let reach = (REACH_CELLS as i32 * UNITS_PER_CELL) as i16;
        assert!(
            field
                .rows
                .as_flattened()
                .iter()
                .all(|&distance| distance == reach)
        );
    }
}
