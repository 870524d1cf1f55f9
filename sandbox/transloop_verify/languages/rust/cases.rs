use super::*;
use crate::transloop;
// @@records@@

pub const CASES: [fn(); @@count@@] = [@@calls@@];
// @@shared@@
// @@cases@@
