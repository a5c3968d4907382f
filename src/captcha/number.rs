//! Arithmetic that several files need: rounding, values between two others, chance.

/// A float next to this number has no bits for fractions: added to it, a number of less than four
/// million is rounded, and the sum holds the integer in its lowest bits. A cast would also look after
/// infinities, which takes several times as long, and this is done for every pixel.
const NO_FRACTIONS: f32 = 12_582_912.0;

/// The integer nearest to a number of less than four million. Of two that are equally near it is the
/// even one.
#[inline(always)]
pub(super) fn round(number: f32) -> i32 {
    (number + NO_FRACTIONS).to_bits() as i32 - NO_FRACTIONS.to_bits() as i32
}

/// The lesser of two numbers. Unlike `f32::min`, which looks for what is no number, it is one
/// instruction.
#[inline(always)]
pub(super) fn least(one: f32, other: f32) -> f32 {
    if one < other { one } else { other }
}

/// The integer below a number of less than four million, and the rest, from 0 to 1. The rest of an
/// integer may be 1.
#[inline(always)]
pub(super) fn split(number: f32) -> (i32, f32) {
    let sum = number - 0.5 + NO_FRACTIONS;
    let integer = sum.to_bits() as i32 - NO_FRACTIONS.to_bits() as i32;
    (integer, number - (sum - NO_FRACTIONS))
}

/// The value at a share of the way from one to another: linear interpolation.
#[inline(always)]
pub(super) fn lerp(one: f32, other: f32, share: f32) -> f32 {
    one + share * (other - one)
}

/// The length of a vector. C libraries round the last bit of `hypot` differently, and a seed must draw
/// the same picture on every processor.
#[inline(always)]
pub(super) fn length(right: f32, down: f32) -> f32 {
    (right * right + down * down).sqrt()
}

/// A random number of a range, each equally likely.
pub(super) fn random([lowest, highest]: [f32; 2], rng: &mut fastrand::Rng) -> f32 {
    lerp(lowest, highest, rng.f32())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_the_nearest_integer() {
        for (number, expected) in [
            (0.0, 0),
            (0.49, 0),
            (0.51, 1),
            (-0.49, 0),
            (-0.51, -1),
            (1.5, 2),
            (2.5, 2),
            (-1_000_000.4, -1_000_000),
            (3_999_999.0, 3_999_999),
        ] {
            assert_eq!(round(number), expected, "{number}");
        }
    }

    #[test]
    fn numbers_are_split_into_integer_and_rest() {
        for number in [0.25, 7.75, -0.25, -3.0, 0.0, 1.0, 2.0, 100_000.5] {
            let (integer, rest) = split(number);
            assert!((integer as f32 + rest - number).abs() < 1e-6, "{number}");
            assert!((0.0..=1.0).contains(&rest), "{number}");
        }
        assert_eq!(split(7.75), (7, 0.75));
        assert_eq!(split(-0.25), (-1, 0.75));
    }
}
