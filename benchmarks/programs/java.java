import java.util.ArrayList;
import java.util.List;
import java.util.Scanner;

public class Main {
    /** Each outermost group of nested brackets in the text, without spaces. */
    static List<String> balanced(String text) {
        List<String> groups = new ArrayList<>();
        StringBuilder group = new StringBuilder();
        int depth = 0;
        for (char each : text.replace(" ", "").toCharArray()) {
            group.append(each);
            depth += each == '(' ? 1 : -1;
            if (depth == 0) {
                groups.add(group.toString());
                group.setLength(0);
            }
        }
        return groups;
    }

    public static void main(String[] arguments) {
        String[] texts = {
            "", "()", "( ) (( )) (( )( ))", "(()())((()))()((())()())", "(()(()))",
            "() (()) ((())) (((())))", "((( )))", "( )( )( )",
        };
        List<List<String>> expected = List.of(
                List.of(),
                List.of("()"),
                List.of("()", "(())", "(()())"),
                List.of("(()())", "((()))", "()", "((())()())"),
                List.of("(()(()))"),
                List.of("()", "(())", "((()))", "(((())))"),
                List.of("((()))"),
                List.of("()", "()", "()"));
        String nonce = new Scanner(System.in).nextLine();
        for (int i = 0; i < texts.length; i++) {
            String record = balanced(texts[i]).equals(expected.get(i)) ? "pass" : "fail";
            System.out.println(nonce + " " + record + " " + i);
        }
        System.out.println(nonce + " done " + texts.length);
    }
}
