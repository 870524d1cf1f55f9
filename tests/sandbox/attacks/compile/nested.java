public class Main {
    static int deep = @NESTED@;

    public static void main(String[] arguments) {}
}
