@@hoisted@@@@open@@@@code@@
@@close@@

/** Calls the candidate once for each case and writes down what came of it. */
public class TransloopMain implements Runnable {
    private static final int LARGEST = 60000;
    private static final java.io.FileOutputStream OUT = new java.io.FileOutputStream(java.io.FileDescriptor.out);
    private static final java.io.PrintStream PRINTED = System.out;
    private static String nonce;
    private static int first;

    public static void main(String[] arguments) throws Exception {
        begin();
        // Recursion may go as deep as it does elsewhere.
        Thread thread = new Thread(null, new TransloopMain(), "cases", 64L << 20);
        thread.start();
        thread.join();
        PRINTED.flush();
        Runtime.getRuntime().halt(0);
    }

    /** Reads stdin before any code of the candidate runs, and leaves it empty. */
    private static void begin() throws java.io.IOException {
        String text = new String(System.in.readAllBytes(), java.nio.charset.StandardCharsets.US_ASCII);
        String[] lines = text.split("\n");
        nonce = lines[0];
        first = Integer.parseInt(lines[1]);
        System.setIn(new java.io.ByteArrayInputStream(new byte[0]));
    }

    @Override
    public void run() {
        Class<?> owner;
        try {
            owner = Class.forName("@@owner@@");
        } catch (Throwable error) {
            record(joined("{\"k\":\"refused\",", raised(error), "}"));
            Runtime.getRuntime().halt(1);
            return;
        }
        record("{\"k\":\"ready\"}");
        for (int index = first; index < @@count@@; index++) {
            try {
                one(index, owner);
            } catch (NoSuchMethodException error) {
                record("{\"k\":\"refused\",\"e\":\"unfit\",\"m\":\"it has no @@name@@ that takes these arguments\"}");
                Runtime.getRuntime().halt(1);
            }
        }
        record(joined("done ", @@count@@ - first + 1));
    }

    private static void one(int index, Class<?> owner) throws NoSuchMethodException {
        Object[] arguments = arguments(index);
        java.lang.reflect.Method method = method(owner, arguments);
        String outcome;
        try {
            Object target = null;
            if (!java.lang.reflect.Modifier.isStatic(method.getModifiers())) {
                java.lang.reflect.Constructor<?> maker = owner.getDeclaredConstructor();
                maker.setAccessible(true);
                target = maker.newInstance();
            }
            outcome = joined("\"k\":\"returned\",\"v\":", shown(method.invoke(target, arguments)));
        } catch (java.lang.reflect.InvocationTargetException error) {
            outcome = joined("\"k\":\"raised\",", raised(error.getCause()));
        } catch (Throwable error) {
            outcome = joined("\"k\":\"raised\",", raised(error));
        }
        StringBuilder after = new StringBuilder();
        for (Object each : arguments) after.append(after.length() == 0 ? "" : ",").append(shown(each));
        record(joined("{\"i\":", index, ",", outcome, ",\"a\":[", after, "]}"));
    }

    /** The method of that name that takes such arguments. */
    private static java.lang.reflect.Method method(Class<?> owner, Object[] arguments) throws NoSuchMethodException {
        for (java.lang.reflect.Method each : owner.getDeclaredMethods()) {
            if (!each.getName().equals("@@name@@") || each.isBridge() || each.getParameterCount() != arguments.length) continue;
            boolean fits = true;
            for (int at = 0; at < arguments.length; at++) {
                Class<?> wanted = java.lang.invoke.MethodType.methodType(each.getParameterTypes()[at]).wrap().returnType();
                boolean primitive = each.getParameterTypes()[at].isPrimitive();
                fits &= arguments[at] == null ? !primitive : wanted.isInstance(arguments[at]);
            }
            if (!fits) continue;
            each.setAccessible(true);
            return each;
        }
        throw new NoSuchMethodException();
    }

    /** Not by `+`: what javac makes of that takes 25 ms when it first runs. */
    private static String joined(Object... parts) {
        StringBuilder out = new StringBuilder();
        for (Object each : parts) out.append(each);
        return out.toString();
    }

    private static void record(String payload) {
        System.out.flush();
        PRINTED.flush();
        try {
            OUT.write(joined("\n", nonce, " ", payload, "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
        } catch (java.io.IOException error) {
            Runtime.getRuntime().halt(1);
        }
    }

    private static String raised(Throwable error) {
        int line = 0;
        for (StackTraceElement each : error.getStackTrace()) {
            // The candidate's classes are in no package; what file they were compiled from, the compiler may not know.
            if (each.getClassName().indexOf('.') >= 0 || each.getClassName().startsWith("TransloopMain")) continue;
            line = each.getLineNumber();
            break;
        }
        String message = "";
        try {
            message = String.valueOf(error.getMessage());
        } catch (Throwable again) {
            message = "";
        }
        StringBuilder out = new StringBuilder("\"e\":");
        text(out, error.getClass().getSimpleName());
        text(out.append(",\"m\":"), message.length() > 300 ? message.substring(0, 300) : message);
        return out.append(",\"l\":").append(line).toString();
    }

    private static String shown(Object value) {
        StringBuilder out = new StringBuilder();
        try {
            show(out, value, new java.util.ArrayList<>());
        } catch (TooLarge error) {
            return "{\"?\":\"it is too large to compare\"}";
        } catch (Throwable error) {
            return "{\"?\":\"it cannot be read\"}";
        }
        return out.length() > LARGEST ? "{\"?\":\"it is too large to compare\"}" : out.toString();
    }

    private static final class TooLarge extends RuntimeException {}

    private static void show(StringBuilder out, Object value, java.util.List<Object> path) throws Exception {
        if (out.length() > 4 * LARGEST) throw new TooLarge();
        if (value == null || value instanceof Boolean || value instanceof Integer || value instanceof Long
                || value instanceof Short || value instanceof Byte || value instanceof java.math.BigInteger) {
            out.append(value);
        } else if (value instanceof Double || value instanceof Float) {
            number(out, ((Number) value).doubleValue(), value.toString());
        } else if (value instanceof CharSequence || value instanceof Character) {
            text(out, value.toString());
        } else {
            for (Object each : path) {
                if (each != value) continue;
                out.append("{\"?\":\"it contains itself\"}");
                return;
            }
            if (path.size() > 64) {
                out.append("{\"?\":\"it is nested too deeply\"}");
                return;
            }
            path.add(value);
            compound(out, value, path);
            path.remove(path.size() - 1);
        }
    }

    private static void compound(StringBuilder out, Object value, java.util.List<Object> path) throws Exception {
        if (value instanceof byte[]) {
            out.append("{\"b\":\"");
            for (byte each : (byte[]) value) out.append(Character.forDigit(each >> 4 & 15, 16)).append(Character.forDigit(each & 15, 16));
            out.append("\"}");
        } else if (value.getClass().isArray()) {
            out.append('[');
            for (int at = 0; at < java.lang.reflect.Array.getLength(value); at++) {
                if (at > 0) out.append(',');
                show(out, java.lang.reflect.Array.get(value, at), path);
            }
            out.append(']');
        } else if (value instanceof java.util.Map) {
            out.append("{\"m\":[");
            boolean more = false;
            for (java.util.Map.Entry<?, ?> each : ((java.util.Map<?, ?>) value).entrySet()) {
                show(out.append(more ? ",[" : "["), each.getKey(), path);
                show(out.append(','), each.getValue(), path);
                out.append(']');
                more = true;
            }
            out.append("]}");
        } else if (value instanceof java.util.Set) {
            items(out.append("{\"s\":"), ((java.util.Set<?>) value).iterator(), path);
            out.append('}');
        } else if (value instanceof Iterable) {
            items(out, ((Iterable<?>) value).iterator(), path);
        } else if (value instanceof java.util.Iterator) {
            items(out, (java.util.Iterator<?>) value, path);
        } else if (value instanceof java.util.stream.BaseStream) {
            items(out, ((java.util.stream.BaseStream<?, ?>) value).iterator(), path);
        } else if (value instanceof java.util.Map.Entry) {
            show(out.append("{\"t\":["), ((java.util.Map.Entry<?, ?>) value).getKey(), path);
            show(out.append(','), ((java.util.Map.Entry<?, ?>) value).getValue(), path);
            out.append("]}");
        } else if (value instanceof java.util.Optional) {
            show(out, ((java.util.Optional<?>) value).orElse(null), path);
        } else {
            object(out, value, path);
        }
    }

    private static void items(StringBuilder out, java.util.Iterator<?> values, java.util.List<Object> path) throws Exception {
        out.append('[');
        for (int count = 0; values.hasNext() && count < 10000; count++) {
            if (count > 0) out.append(',');
            show(out, values.next(), path);
        }
        out.append(']');
    }

    /** An object of the candidate's own classes, by its fields. */
    private static void object(StringBuilder out, Object value, java.util.List<Object> path) throws Exception {
        Class<?> type = value.getClass();
        if (!type.getPackageName().isEmpty() || value instanceof Enum || type.isSynthetic()) {
            text(out.append("{\"?\":"), joined("a ", type.getSimpleName(), " has no value to compare"));
            out.append('}');
            return;
        }
        text(out.append("{\"r\":["), type.getSimpleName());
        out.append(",[");
        boolean more = false;
        for (java.lang.reflect.Field each : type.getDeclaredFields()) {
            if (java.lang.reflect.Modifier.isStatic(each.getModifiers()) || each.isSynthetic()) continue;
            each.setAccessible(true);
            text(out.append(more ? ",[" : "["), each.getName());
            show(out.append(','), each.get(value), path);
            out.append(']');
            more = true;
        }
        out.append("]]}");
    }

    private static void number(StringBuilder out, double value, String text) {
        if (Double.isNaN(value)) out.append("{\"f\":\"nan\"}");
        else if (Double.isInfinite(value)) out.append(value > 0 ? "{\"f\":\"inf\"}" : "{\"f\":\"-inf\"}");
        else out.append(text);
    }

    private static void text(StringBuilder out, String value) {
        out.append('"');
        for (int at = 0; at < value.length(); at++) {
            char each = value.charAt(at);
            if (each == '"' || each == '\\') out.append('\\').append(each);
            else if (each < ' ' || each > '~') {
                String digits = Integer.toHexString(each);
                out.append("\\u").append("0000", 0, 4 - digits.length()).append(digits);
            } else out.append(each);
        }
        out.append('"');
    }

    @SafeVarargs
    static <T, C extends java.util.Collection<T>> C fill(C values, T... items) {
        if (items == null) values.add(null);
        else java.util.Collections.addAll(values, items);
        return values;
    }

    @SuppressWarnings("unchecked")
    static <K, V> java.util.Map<K, V> fill(java.util.Map<K, V> values, Object... pairs) {
        for (int at = 0; at < pairs.length; at += 2) values.put((K) pairs[at], (V) pairs[at + 1]);
        return values;
    }

    private static Object[] arguments(int index) {
        switch (index) {
            @@calls@@
            default: throw new IndexOutOfBoundsException();
        }
    }

    // @@cases@@
}
