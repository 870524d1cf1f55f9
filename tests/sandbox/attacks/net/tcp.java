import java.net.Socket;

public class Main {
    public static void main(String[] arguments) throws Exception {
        new Socket("127.0.0.1", @PORT@);
        System.out.println("ESCAPED");
    }
}
