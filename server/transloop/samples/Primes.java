import java.util.ArrayList;
import java.util.List;

/** Prime numbers. */
public class Primes {
    /** All primes up to and including the limit, by the sieve of Eratosthenes. */
    public static List<Integer> upTo(int limit) {
        boolean[] crossedOut = new boolean[limit + 1];
        List<Integer> primes = new ArrayList<>();
        for (int number = 2; number <= limit; number++) {
            if (crossedOut[number]) {
                continue;
            }
            primes.add(number);
            for (int multiple = 2 * number; multiple <= limit; multiple += number) {
                crossedOut[multiple] = true;
            }
        }
        return primes;
    }
}
