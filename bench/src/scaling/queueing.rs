//! Waiting for a processor: how long a request waits when others came before it.
//!
//! M/M/c with Erlang's C formula, as in Gross, Shortle, Thompson, Harris, Fundamentals of Queueing Theory, 4th edition,
//! section 2.3; for arrivals and service times that are not exponential, the approximation of Allen and Cunneen (Allen,
//! Probability, Statistics, and Queueing Theory, 2nd edition, 1990): the wait of M/M/c times half the sum of both
//! squared coefficients of variation.

/// Servers that share one queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    /// How many servers.
    pub(super) servers: f64,
    /// Seconds of one server that a request takes.
    pub(super) demand: f64,
    /// Squared coefficients of variation of the times between arrivals and of the demand, added and halved: 1 for
    /// M/M/c, one half for arrivals at a fixed pace.
    pub(super) variability: f64,
}

impl Queue {
    /// Share of the servers' time that is taken at this many requests a second.
    pub(super) fn utilisation(&self, rate: f64) -> f64 {
        rate * self.demand / self.servers
    }

    /// Requests a second at which the servers have no time left.
    pub(super) fn saturation(&self) -> f64 {
        self.servers / self.demand
    }

    /// Probability that a request has to wait: Erlang's C, by the recursion of his B.
    fn waits(&self, rate: f64) -> f64 {
        let offered = rate * self.demand;
        let mut blocked = 1.0;
        let mut servers = 1.0;
        while servers <= self.servers {
            blocked = offered * blocked / (servers + offered * blocked);
            servers += 1.0;
        }
        blocked / (1.0 - self.utilisation(rate) * (1.0 - blocked))
    }

    /// Seconds that this share of the requests wait at most; nothing where the queue only grows.
    pub(super) fn wait(&self, rate: f64, share: f64) -> Option<f64> {
        if self.utilisation(rate) >= 1.0 {
            return None;
        }
        // The wait of those who wait is exponential.
        let spare = self.saturation() - rate;
        let wait = (self.waits(rate) / (1.0 - share)).ln() / spare;
        Some(wait.max(0.0) * self.variability)
    }

    /// Seconds that a request waits on average.
    pub(super) fn mean_wait(&self, rate: f64) -> Option<f64> {
        (self.utilisation(rate) < 1.0).then(|| self.waits(rate) / (self.saturation() - rate) * self.variability)
    }
}

/// Share of all requests that the most wanted of `items` gets, where the k-th gets a share of 1/k^`exponent` (Zipf).
/// The sum is Euler and Maclaurin's, exact to a thousandth.
pub(super) fn share_of_most_wanted(items: f64, exponent: f64) -> f64 {
    let ends = f64::midpoint(1.0, items.powf(-exponent));
    let integral = (items.powf(1.0 - exponent) - 1.0) / (1.0 - exponent);
    1.0 / (integral + ends + exponent / 12.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a / b - 1.0).abs() < 0.002
    }

    #[test]
    fn one_server_is_the_textbook_queue() {
        let queue = Queue {
            servers: 1.0,
            demand: 0.1,
            variability: 1.0,
        };
        // M/M/1: waits with probability rho, on average rho / (mu - lambda).
        assert!(close(queue.mean_wait(8.0).unwrap(), 0.8 / (10.0 - 8.0)));
        assert!(close(queue.wait(8.0, 0.99).unwrap(), 80_f64.ln() / 2.0));
        assert_eq!(queue.wait(10.0, 0.5), None);
        assert_eq!(queue.wait(1.0, 0.5), Some(0.0));
    }

    #[test]
    fn two_servers_are_erlangs() {
        // C(2, a) = a^2 / (2 + a) for a = lambda / mu, by hand from the formula.
        let queue = Queue {
            servers: 2.0,
            demand: 0.1,
            variability: 1.0,
        };
        assert!(close(queue.waits(15.0), 1.5 * 1.5 / (2.0 + 1.5)));
        assert!(close(queue.saturation(), 20.0));
    }

    #[test]
    fn the_most_wanted_item_gets_what_the_sum_says() {
        let sum: f64 = (1..=1000).map(|k| f64::from(k).powf(-0.99)).sum();
        assert!(close(share_of_most_wanted(1000.0, 0.99), 1.0 / sum));
    }
}
