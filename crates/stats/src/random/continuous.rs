//! Draws from continuous distributions.

use super::Stream;

impl Stream {
    /// Exponential with mean 1 (by inversion).
    pub fn exponential(&mut self) -> f64 {
        -libm::log(self.uniform())
    }

    /// Normal with mean 0 and standard deviation 1 (polar method, Marsaglia and Bray 1964); the second value of a pair
    /// is kept for the next call.
    pub fn normal(&mut self) -> f64 {
        if let Some(value) = self.spare.take() {
            return value;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = x * x + y * y;
            if s < 1.0 && s > 0.0 {
                let factor = (-2.0 * libm::log(s) / s).sqrt();
                self.spare = Some(y * factor);
                return x * factor;
            }
        }
    }

    /// Log-normal: exp of a normal with that mean and standard deviation of the logarithm.
    pub fn log_normal(&mut self, mu: f64, sigma: f64) -> f64 {
        libm::exp(mu + sigma * self.normal())
    }

    /// Gamma with that shape (> 0) and scale 1 (Marsaglia and Tsang 2000; shapes below 1 by their power of a uniform).
    /// A shape that is not positive gives 0.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape.is_nan() || shape <= 0.0 {
            return 0.0;
        }
        if shape < 1.0 {
            let boost = libm::pow(self.uniform(), 1.0 / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let v = 1.0 + c * x;
            if v <= 0.0 {
                continue;
            }
            let v = v * v * v;
            let u = self.uniform();
            if u < 1.0 - 0.0331 * x * x * x * x || libm::log(u) < 0.5 * x * x + d * (1.0 - v + libm::log(v)) {
                return d * v;
            }
        }
    }

    /// Beta with those shapes (> 0), from two gammas.
    pub fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (x, y) = (self.gamma(a), self.gamma(b));
        if x + y > 0.0 { x / (x + y) } else { f64::from(u8::from(self.uniform() * (a + b) < a)) }
    }
}

#[cfg(test)]
mod tests {
    use crate::random::{Purpose, Stream};

    type Draw = fn(&mut Stream) -> f64;

    #[test]
    fn mean_and_variance_of_draws_are_those_of_the_distribution() {
        let cases: [(&str, Draw, f64, f64, f64); 7] = [
            // name, draw, mean, variance, fourth central moment
            ("uniform", |s| s.uniform(), 0.5, 1.0 / 12.0, 1.0 / 80.0),
            ("exponential", |s| s.exponential(), 1.0, 1.0, 9.0),
            ("normal", |s| s.normal(), 0.0, 1.0, 3.0),
            ("gamma 0.3", |s| s.gamma(0.3), 0.3, 0.3, 3.0 * 0.09 + 6.0 * 0.3),
            ("gamma 1", |s| s.gamma(1.0), 1.0, 1.0, 9.0),
            ("gamma 7.5", |s| s.gamma(7.5), 7.5, 7.5, 3.0 * 56.25 + 45.0),
            ("beta 2 3", |s| s.beta(2.0, 3.0), 0.4, 0.04, 0.003_771_428_571),
        ];
        let n = 200_000.0;
        for (name, draw, mean, variance, fourth) in cases {
            let mut stream = Stream::new(11, Purpose::of(name), 0);
            let values: Vec<f64> = (0..200_000).map(|_| draw(&mut stream)).collect();
            let found = values.iter().sum::<f64>() / n;
            let spread = values.iter().map(|value| (value - found).powi(2)).sum::<f64>() / n;
            assert!((found - mean).abs() < 4.0 * (variance / n).sqrt(), "{name}: mean {found}");
            assert!(
                (spread - variance).abs() < 4.0 * ((fourth - variance * variance) / n).sqrt(),
                "{name}: {spread}"
            );
        }
    }

    #[test]
    fn shares_of_normal_draws_below_a_bound_are_those_of_the_normal() {
        let mut stream = Stream::new(2, Purpose::of("normal tails"), 0);
        let values: Vec<f64> = (0..200_000).map(|_| stream.normal()).collect();
        for (bound, share) in [(-3.0, 0.001_349_898), (-1.0, 0.158_655_254), (0.0, 0.5), (1.959_964, 0.975)] {
            let below =
                f64::from(u32::try_from(values.iter().filter(|&&value| value < bound).count()).unwrap());
            let se = (share * (1.0 - share) * 2e5_f64).sqrt();
            assert!((below - share * 2e5).abs() < 4.0 * se, "below {bound}: {below}");
        }
    }
}
