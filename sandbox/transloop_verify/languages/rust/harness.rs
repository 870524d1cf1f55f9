#![allow(warnings)]
// Calls the candidate once for each case and writes down what came of it.
mod transloop {
    use std::cell::RefCell;
    use std::collections::*;
    use std::io::{Read, Write};
    use std::panic::{catch_unwind, AssertUnwindSafe};

    const LARGEST: usize = 60000;

    thread_local! {
        static CAUSE: RefCell<(String, u32)> = RefCell::new((String::new(), 0));
        static NONCE: RefCell<String> = RefCell::new(String::new());
    }

    /// Reads stdin, which is closed for whoever reads on: the index of the first case.
    pub fn begin() -> usize {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).unwrap();
        drop(unsafe { <std::fs::File as std::os::unix::io::FromRawFd>::from_raw_fd(0) });
        let mut lines = text.lines();
        NONCE.with(|nonce| *nonce.borrow_mut() = lines.next().unwrap().to_string());
        std::panic::set_hook(Box::new(|info| {
            let message = match info.payload().downcast_ref::<&str>() {
                Some(text) => text.to_string(),
                None => info.payload().downcast_ref::<String>().cloned().unwrap_or_default(),
            };
            let line = info.location().filter(|at| at.file().ends_with("candidate.rs")).map_or(0, |at| at.line());
            CAUSE.with(|cause| *cause.borrow_mut() = (message, line));
        }));
        lines.next().unwrap().parse().unwrap()
    }

    pub fn record(payload: &str) {
        let out = std::io::stdout();
        let mut out = out.lock();
        NONCE.with(|nonce| write!(out, "\n{} {}\n", nonce.borrow(), payload)).unwrap();
        out.flush().unwrap();
    }

    pub trait Show {
        fn show(&self, out: &mut String);
    }

    macro_rules! integers {
        ($($name:ty)*) => { $(impl Show for $name {
            fn show(&self, out: &mut String) { out.push_str(&self.to_string()); }
        })* };
    }
    integers! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize bool }

    macro_rules! floats {
        ($($name:ty)*) => { $(impl Show for $name {
            fn show(&self, out: &mut String) {
                if self.is_nan() { out.push_str("{\"f\":\"nan\"}") }
                else if self.is_infinite() { out.push_str(if *self > 0.0 { "{\"f\":\"inf\"}" } else { "{\"f\":\"-inf\"}" }) }
                else { out.push_str(&format!("{:?}", self)) }
            }
        })* };
    }
    floats! { f32 f64 }

    impl Show for str {
        fn show(&self, out: &mut String) {
            out.push('"');
            for each in self.chars() {
                match each {
                    '"' | '\\' => { out.push('\\'); out.push(each) }
                    '\0'..='\x1f' => out.push_str(&format!("\\u{:04x}", each as u32)),
                    _ => out.push(each),
                }
            }
            out.push('"');
        }
    }
    impl Show for String { fn show(&self, out: &mut String) { self.as_str().show(out) } }
    impl Show for char { fn show(&self, out: &mut String) { self.to_string().show(out) } }
    impl Show for () { fn show(&self, out: &mut String) { out.push_str("null") } }
    impl<T: Show + ?Sized> Show for &T { fn show(&self, out: &mut String) { (**self).show(out) } }
    impl<T: Show + ?Sized> Show for &mut T { fn show(&self, out: &mut String) { (**self).show(out) } }
    impl<T: Show + ?Sized> Show for Box<T> { fn show(&self, out: &mut String) { (**self).show(out) } }
    impl<T: Show + ?Sized> Show for std::rc::Rc<T> { fn show(&self, out: &mut String) { (**self).show(out) } }
    impl<T: Show> Show for RefCell<T> { fn show(&self, out: &mut String) { self.borrow().show(out) } }
    impl<T: Show> Show for Option<T> {
        fn show(&self, out: &mut String) {
            match self { Some(value) => value.show(out), None => out.push_str("null") }
        }
    }

    fn items<'a, T: Show + 'a>(out: &mut String, open: &str, values: impl Iterator<Item = T>, close: &str) {
        out.push_str(open);
        for (index, each) in values.enumerate() {
            if out.len() > 4 * LARGEST { break }
            if index > 0 { out.push(',') }
            each.show(out);
        }
        out.push_str(close);
    }

    impl<T: Show> Show for [T] { fn show(&self, out: &mut String) { items(out, "[", self.iter(), "]") } }
    impl<T: Show, const N: usize> Show for [T; N] { fn show(&self, out: &mut String) { items(out, "[", self.iter(), "]") } }
    macro_rules! collections {
        ($($name:ident $open:literal $close:literal)*) => { $(impl<T: Show> Show for $name<T> {
            fn show(&self, out: &mut String) { items(out, $open, self.iter(), $close) }
        })* };
    }
    collections! { Vec "[" "]" VecDeque "[" "]" LinkedList "[" "]" BinaryHeap "[" "]" BTreeSet "{\"s\":[" "]}" }
    impl<T: Show, S> Show for HashSet<T, S> { fn show(&self, out: &mut String) { items(out, "{\"s\":[", self.iter(), "]}") } }

    struct Pair<'a, K, V>(&'a K, &'a V);
    impl<K: Show, V: Show> Show for Pair<'_, K, V> {
        fn show(&self, out: &mut String) {
            out.push('[');
            self.0.show(out);
            out.push(',');
            self.1.show(out);
            out.push(']');
        }
    }
    impl<K: Show, V: Show, S> Show for HashMap<K, V, S> {
        fn show(&self, out: &mut String) { items(out, "{\"m\":[", self.iter().map(|(key, value)| Pair(key, value)), "]}") }
    }
    impl<K: Show, V: Show> Show for BTreeMap<K, V> {
        fn show(&self, out: &mut String) { items(out, "{\"m\":[", self.iter().map(|(key, value)| Pair(key, value)), "]}") }
    }

    macro_rules! tuples {
        ($(($($name:ident $at:tt)+))*) => { $(impl<$($name: Show),+> Show for ($($name,)+) {
            fn show(&self, out: &mut String) {
                out.push_str("{\"t\":[");
                $(if $at > 0 { out.push(',') } self.$at.show(out);)+
                out.push_str("]}");
            }
        })* };
    }
    tuples! { (A 0) (A 0 B 1) (A 0 B 1 C 2) (A 0 B 1 C 2 D 3) (A 0 B 1 C 2 D 3 E 4) (A 0 B 1 C 2 D 3 E 4 F 5) }

    pub fn record_of(out: &mut String, name: &str, fields: &[(&str, &dyn Show)]) {
        out.push_str("{\"r\":[");
        name.show(out);
        out.push_str(",[");
        for (index, (field, value)) in fields.iter().enumerate() {
            if index > 0 { out.push(',') }
            out.push('[');
            field.show(out);
            out.push(',');
            value.show(out);
            out.push(']');
        }
        out.push_str("]]}");
    }

    pub fn shown<T: Show + ?Sized>(value: &T) -> String {
        let mut out = String::new();
        value.show(&mut out);
        if out.len() > LARGEST { "{\"?\":\"it is too large to compare\"}".to_string() } else { out }
    }

    pub fn moved() -> String {
        "{\"?\":\"it was given away\"}".to_string()
    }

    /// An error as text: by `Debug` if it has that, else without a word.
    pub struct Told<'a, T>(pub &'a T);
    impl<T: std::fmt::Debug> Told<'_, T> {
        pub fn text(&self) -> String { format!("{:?}", self.0) }
    }
    pub trait Untold {
        fn text(&self) -> String { String::new() }
    }
    impl<T> Untold for Told<'_, T> {}

    /// What the call returned, already as text; or the error that it returned in its place.
    pub fn outcome(call: impl FnOnce() -> Result<String, String>) -> String {
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Ok(value)) => format!("\"k\":\"returned\",\"v\":{}", value),
            Ok(Err(message)) => {
                let message: String = message.chars().take(300).collect();
                format!("\"k\":\"raised\",\"e\":\"Err\",\"m\":{}", shown(message.as_str()))
            }
            Err(_) => CAUSE.with(|cause| {
                let cause = cause.borrow();
                let message: String = cause.0.chars().take(300).collect();
                format!("\"k\":\"raised\",\"e\":\"panic\",\"m\":{},\"l\":{}", shown(message.as_str()), cause.1)
            }),
        }
    }

    pub fn finish(index: usize, outcome: String, arguments: &[String]) {
        record(&format!("{{\"i\":{},{},\"a\":[{}]}}", index, outcome, arguments.join(",")));
    }
}

#[path = "candidate.rs"]
mod candidate;

fn main() {
    // Recursion may go as deep as it does elsewhere.
    let run = || {
        let first = transloop::begin();
        transloop::record("{\"k\":\"ready\"}");
        for index in first..@@count@@ {
            candidate::transloop_cases::CASES[index]();
        }
        transloop::record(&format!("done {}", @@count@@ - first + 1));
    };
    std::thread::Builder::new().stack_size(64 << 20).spawn(run).unwrap().join().unwrap();
}
