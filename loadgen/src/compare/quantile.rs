//! Quantiles of the distributions that confidence intervals are made of.

use std::f64::consts::PI;

/// The standard normal distribution's quantile, for a probability between 0 and 1: P. J. Acklam's rational
/// approximation, whose relative error is below 1.2e-9.
pub(super) fn normal(probability: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
        1.0,
    ];
    const TAIL: f64 = 0.024_25;
    let polynomial =
        |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient);
    if probability > 0.5 {
        return -normal(1.0 - probability);
    }
    if probability < TAIL {
        let q = (-2.0 * probability.ln()).sqrt();
        polynomial(&C, q) / polynomial(&D, q)
    } else {
        let q = probability - 0.5;
        polynomial(&A, q * q) * q / polynomial(&B, q * q)
    }
}

/// The value that Student's t exceeds, to either side, with this probability: G. W. Hill, "Algorithm 396: Student's
/// t-quantiles", Communications of the ACM 13 (1970). The degrees of freedom, at least 2, need not be whole.
pub(super) fn student_two_sided(probability: f64, freedom: f64) -> f64 {
    let n = freedom;
    let a = 1.0 / (n - 0.5);
    let b = 48.0 / (a * a);
    let mut c = ((20_700.0 * a / b - 98.0) * a - 16.0) * a + 96.36;
    let d = ((94.5 / (b + c) - 3.0) / b + 1.0) * (a * PI / 2.0).sqrt() * n;
    let mut y = (d * probability).powf(2.0 / n);
    if y > 0.05 + a {
        let x = normal(probability / 2.0);
        y = x * x;
        if n < 5.0 {
            c += 0.3 * (n - 4.5) * (x + 0.6);
        }
        c += (((0.05 * d * x - 5.0) * x - 7.0) * x - 2.0) * x + b;
        y = (((((0.4 * y + 6.3) * y + 36.0) * y + 94.5) / c - y - 3.0) / b + 1.0) * x;
        y = (a * y * y).exp_m1();
    } else {
        y = ((1.0 / (((n + 6.0) / (n * y) - 0.089 * d - 0.822) * (n + 2.0) * 3.0) + 0.5 / (n + 4.0)) * y - 1.0)
            * (n + 1.0)
            / (n + 2.0)
            + 1.0 / y;
    }
    (n * y).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (probability, value) in [(0.5, 0.0), (0.975, 1.959_964), (0.0005, -3.290_527), (0.01, -2.326_348)] {
            assert!((normal(probability) - value).abs() < 1e-5, "{probability}");
        }
        for (two_sided, freedom, value) in [
            (0.05, 3.0, 3.1824),
            (0.01, 5.0, 4.0321),
            (0.05, 10.0, 2.2281),
            (0.001, 10.0, 4.5869),
            (0.001, 60.0, 3.4602),
            (0.05, 1e6, 1.95997),
        ] {
            let ours = student_two_sided(two_sided, freedom);
            assert!((ours - value).abs() < 2e-3 * value, "{two_sided} {freedom}: {ours}");
        }
    }
}
