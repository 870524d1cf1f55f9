use super::*;
use crate::transloop::{self, Untold};
// @@records@@

pub const CASES: [fn(); @@count@@] = [@@calls@@];
// @@shared@@
// @@cases@@
