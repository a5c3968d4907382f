//! Linear transforms of the plane: how a letter is stretched, slanted and turned.
//!
//! Knows no units. The x axis points to the right and the y axis down.

use super::number::length;

/// A place or a way from one to another: x, then y.
pub(super) type Vector = [f32; 2];

/// A linear transform, without a translation: the origin stays where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Transform {
    /// What becomes of the vector [1, 0].
    pub(super) x_axis: Vector,
    /// What becomes of the vector [0, 1].
    pub(super) y_axis: Vector,
}

impl Transform {
    /// Stretches along the axes.
    pub(super) fn from_scale([x, y]: Vector) -> Self {
        Self {
            x_axis: [x, 0.0],
            y_axis: [0.0, y],
        }
    }

    /// Slants: moves every point to the right by so many times its y.
    pub(super) fn from_skew(x: f32) -> Self {
        Self {
            x_axis: [1.0, 0.0],
            y_axis: [x, 1.0],
        }
    }

    /// Turns clockwise, by radians.
    pub(super) fn from_rotate(angle: f32) -> Self {
        let (sin, cos) = angle.sin_cos();
        Self {
            x_axis: [cos, sin],
            y_axis: [-sin, cos],
        }
    }

    /// This transform, followed by another.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            x_axis: next.apply(self.x_axis),
            y_axis: next.apply(self.y_axis),
        }
    }

    /// The transform that takes back what this one does, which must not make a plane a line.
    pub(super) fn invert(self) -> Self {
        let ([a, b], [c, d]) = (self.x_axis, self.y_axis);
        let area = a * d - b * c;
        Self {
            x_axis: [d / area, -b / area],
            y_axis: [-c / area, a / area],
        }
    }

    /// What becomes of a vector.
    #[inline(always)]
    pub(super) fn apply(self, [x, y]: Vector) -> Vector {
        [0, 1].map(|axis| x * self.x_axis[axis] + y * self.y_axis[axis])
    }

    /// Half of the width and height of the box around a transformed rectangle, given half of the
    /// rectangle's.
    pub(super) fn half_extent_of_rectangle(self, [x, y]: Vector) -> Vector {
        [0, 1].map(|axis| x * self.x_axis[axis].abs() + y * self.y_axis[axis].abs())
    }

    /// The same of a transformed disc, given its radius. A disc becomes an ellipse when slanted.
    pub(super) fn half_extent_of_disc(self, radius: f32) -> Vector {
        [0, 1].map(|axis| radius * length(self.x_axis[axis], self.y_axis[axis]))
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::FRAC_PI_2;

    use super::*;

    fn assert_near(found: Vector, expected: Vector) {
        let away = [0, 1].map(|axis| (found[axis] - expected[axis]).abs());
        assert!(away[0] + away[1] < 1e-5, "{found:?} is not {expected:?}");
    }

    #[test]
    fn vectors_are_stretched_slanted_and_turned_clockwise() {
        let vector = [2.0, 1.0];
        assert_near(Transform::from_scale([3.0, 0.5]).apply(vector), [6.0, 0.5]);
        assert_near(Transform::from_skew(0.25).apply(vector), [2.25, 1.0]);
        // With y pointing down, a quarter turn clockwise leads from the right to below.
        assert_near(Transform::from_rotate(FRAC_PI_2).apply(vector), [-1.0, 2.0]);
    }

    #[test]
    fn transforms_follow_each_other_and_are_taken_back() {
        let transform = Transform::from_scale([1.2, 1.0])
            .then(Transform::from_skew(0.3))
            .then(Transform::from_rotate(FRAC_PI_2));
        assert_near(transform.apply([1.0, 0.0]), [0.0, 1.2]);
        assert_near(transform.apply([0.0, 1.0]), [-1.0, 0.3]);
        assert_near(
            transform.then(transform.invert()).apply([5.0, 7.0]),
            [5.0, 7.0],
        );
    }

    #[test]
    fn extents_are_those_of_the_box_around() {
        let quarter = Transform::from_rotate(FRAC_PI_2);
        assert_near(quarter.half_extent_of_rectangle([3.0, 1.0]), [1.0, 3.0]);
        assert_near(quarter.half_extent_of_disc(2.0), [2.0, 2.0]);
        let skewed = Transform::from_skew(0.75);
        assert_near(skewed.half_extent_of_rectangle([3.0, 1.0]), [3.75, 1.0]);
        assert_near(skewed.half_extent_of_disc(2.0), [2.5, 2.0]);
    }
}
