import java.nio.file.Files;
import java.nio.file.Path;

public class Main {
    public static void main(String[] arguments) throws Exception {
        System.out.println(Files.readString(Path.of("@SECRET@")));
        System.out.println("ESCAPED");
    }
}
