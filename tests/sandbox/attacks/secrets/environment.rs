// What the compiler was given.
fn main() {
    println!("{:?} {:?}", option_env!("ATTACK_MARKER"), option_env!("HOME"));
}
