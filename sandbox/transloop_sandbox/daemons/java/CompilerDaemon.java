import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;

/**
 * A javac that stays: starting it anew costs ten times what a small program takes to compile.
 *
 * It reads requests from the pipe that is its first argument, and answers on stdout; the other
 * arguments are options of javac. Sources and classes are kept in memory, so it needs no folder that
 * it could write to. Whatever goes wrong inside ends it: the caller then compiles in the ordinary way.
 */
public final class CompilerDaemon {
    private static final long STACK_BYTES = 64L << 20; // javac recurses where sources nest

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final JavaCompiler COMPILER = ToolProvider.getSystemJavaCompiler();
    private static final StandardJavaFileManager PLATFORM =
            COMPILER.getStandardFileManager(null, null, StandardCharsets.UTF_8);

    public static void main(String[] arguments) throws Exception {
        PrintStream out = System.out;
        System.setOut(System.err); // stdout belongs to the answers
        PLATFORM.setLocation(StandardLocation.CLASS_PATH, List.of());
        List<String> options = List.of(arguments).subList(1, arguments.length);
        Thread server = new Thread(null, () -> serve(arguments[0], options, out), "javac", STACK_BYTES);
        server.start();
        server.join();
    }

    private static void serve(String pipe, List<String> options, OutputStream out) {
        try (DataInputStream in =
                        new DataInputStream(new BufferedInputStream(new FileInputStream(pipe)));
                DataOutputStream answers = new DataOutputStream(new BufferedOutputStream(out))) {
            while (true) {
                List<JavaFileObject> sources = sources(in);
                answer(answers, sources, options);
            }
        } catch (EOFException closed) {
            System.exit(0);
        } catch (Throwable failure) {
            System.err.println(failure);
            System.exit(1);
        }
    }

    /** A request: the number of files, then name and content of each. */
    private static List<JavaFileObject> sources(DataInputStream in) throws IOException {
        int count = in.readInt();
        List<JavaFileObject> sources = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String name = new String(in.readNBytes(in.readInt()), StandardCharsets.UTF_8);
            byte[] content = in.readNBytes(in.readInt());
            sources.add(new Source(name, new String(content, StandardCharsets.UTF_8)));
        }
        return sources;
    }

    /** An answer: whether it compiled, nanoseconds of CPU time, what javac said, then name and content of each class. */
    private static void answer(
            DataOutputStream answers, List<JavaFileObject> sources, List<String> options)
            throws IOException {
        long before = THREADS.getCurrentThreadCpuTime();
        Classes classes = new Classes(PLATFORM);
        StringWriter said = new StringWriter();
        boolean compiled = COMPILER.getTask(said, classes, null, options, null, sources).call();
        answers.writeBoolean(compiled);
        answers.writeLong(THREADS.getCurrentThreadCpuTime() - before);
        write(answers, said.toString().getBytes(StandardCharsets.UTF_8));
        answers.writeInt(compiled ? classes.made.size() : 0);
        if (compiled) {
            for (Map.Entry<String, ByteArrayOutputStream> each : classes.made.entrySet()) {
                write(answers, each.getKey().getBytes(StandardCharsets.UTF_8));
                write(answers, each.getValue().toByteArray());
            }
        }
        answers.flush();
    }

    private static void write(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeInt(bytes.length);
        out.write(bytes);
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String name;
        private final String code;

        Source(String name, String code) {
            super(URI.create("memory:///Source.java"), Kind.SOURCE);
            this.name = name;
            this.code = code;
        }

        @Override
        public String getName() {
            return name; // as messages have it
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return name.equals(simpleName + kind.extension)
                    || name.endsWith("/" + simpleName + kind.extension);
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return code;
        }
    }

    /** Reads the platform's classes, and keeps what is compiled. */
    private static final class Classes extends ForwardingJavaFileManager<JavaFileManager> {
        final Map<String, ByteArrayOutputStream> made = new LinkedHashMap<>();

        Classes(JavaFileManager platform) {
            super(platform);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
            String path = className.replace('.', '/') + kind.extension;
            return new SimpleJavaFileObject(URI.create("memory:///Class.class"), kind) {
                @Override
                public OutputStream openOutputStream() {
                    ByteArrayOutputStream content = new ByteArrayOutputStream();
                    made.put(path, content);
                    return content;
                }
            };
        }

        @Override
        public void close() {
            // the platform's classes are read once for all requests
        }
    }
}
