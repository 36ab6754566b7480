//! Stand-ins for all services, for `demo`, `sim` and the tests.
