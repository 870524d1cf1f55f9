#![allow(long_running_const_eval)]

const fn endless() -> u64 {
    let mut n = 0u64;
    loop {
        n = n.wrapping_add(1);
        if n == u64::MAX {
            return n;
        }
    }
}

const X: u64 = endless();

fn main() {
    println!("{}", X);
}
