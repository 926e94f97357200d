// SPDX-License-Identifier: Apache-2.0

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.logging.LogManager;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.PDFAParser;
import org.verapdf.pdfa.PDFAValidator;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;
import org.verapdf.pdfa.validation.profiles.RuleId;

/**
 * Judges PDFs with veraPDF: one JVM for many files.
 *
 * <p>usage: VeraJudge; each line of standard input is {@code profiles TAB file}, where profiles are names such as 2b or ua1
 * with commas between, or - for what the file itself declares in its XMP. Each line of standard output is, for one
 * profile, {@code profile TAB PASS|FAIL TAB failed rules} (clause-test=message; commas between), or {@code - TAB ERROR TAB
 * text}; an empty line ends the answer to one question.
 */
public final class VeraJudge {
    private VeraJudge() {
    }

    public static void main(String[] args) throws Exception {
        LogManager.getLogManager().reset();
        PrintStream answers = System.out;
        System.setOut(System.err); // nothing that a library prints may stand among the answers
        VeraGreenfieldFoundryProvider.initialise();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] q = line.split("\t");
            String answer;
            try {
                answer = judge(q[0], new File(q[1]));
            } catch (Exception | StackOverflowError | OutOfMemoryError e) {
                answer = "-\tERROR\t" + clean(e.toString()) + "\n";
            }
            answers.print(answer + "\n");
            answers.flush();
        }
    }

    private static String judge(String profiles, File file) throws Exception {
        StringBuilder out = new StringBuilder();
        for (PDFAFlavour f : profiles.equals("-") ? declared(file) : named(profiles)) {
            // A parser serves one profile only: it keeps state of the validation.
            try (PDFAParser parser = Foundries.defaultInstance().createParser(file, f);
                    PDFAValidator validator = Foundries.defaultInstance().createValidator(f, -1, false, true, false)) {
                ValidationResult r = validator.validate(parser);
                TreeMap<String, String> failed = new TreeMap<>();
                for (RuleId id : r.getFailedChecks().keySet()) {
                    failed.put(id.getClause() + "-" + id.getTestNumber(), "");
                }
                for (TestAssertion a : r.getTestAssertions()) {
                    if (a.getStatus() == TestAssertion.Status.FAILED) {
                        failed.put(a.getRuleId().getClause() + "-" + a.getRuleId().getTestNumber(),
                                a.getErrorMessage() == null ? a.getMessage() : a.getErrorMessage());
                    }
                }
                out.append(f.getId()).append('\t').append(r.isCompliant() ? "PASS" : "FAIL");
                failed.forEach((rule, text) -> out.append('\t').append(rule).append('=').append(clean(text)));
                out.append('\n');
            }
        }
        return out.toString();
    }

    private static List<PDFAFlavour> declared(File file) throws Exception {
        try (PDFAParser parser = Foundries.defaultInstance().createParser(file, PDFAFlavour.NO_FLAVOUR, PDFAFlavour.NO_FLAVOUR)) {
            List<PDFAFlavour> found = new ArrayList<>(parser.getFlavours());
            found.removeIf(f -> f == PDFAFlavour.NO_FLAVOUR);
            return found;
        }
    }

    private static List<PDFAFlavour> named(String profiles) {
        List<PDFAFlavour> found = new ArrayList<>();
        for (String p : profiles.split(",")) {
            PDFAFlavour f = PDFAFlavour.byFlavourId(p);
            if (f == PDFAFlavour.NO_FLAVOUR) {
                throw new IllegalArgumentException("no profile " + p);
            }
            found.add(f);
        }
        return found;
    }

    private static String clean(String text) {
        return text == null ? "" : text.replaceAll("[\\t\\r\\n]+", " ");
    }
}
