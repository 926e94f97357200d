// SPDX-License-Identifier: Apache-2.0

import eu.europa.esig.dss.diagnostic.SignatureWrapper;
import eu.europa.esig.dss.enumerations.ValidationLevel;
import eu.europa.esig.dss.jaxb.object.Message;
import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.model.policy.ValidationPolicy;
import eu.europa.esig.dss.model.x509.CertificateToken;
import eu.europa.esig.dss.service.crl.OnlineCRLSource;
import eu.europa.esig.dss.service.http.commons.CommonsDataLoader;
import eu.europa.esig.dss.service.http.commons.OCSPDataLoader;
import eu.europa.esig.dss.service.ocsp.OnlineOCSPSource;
import eu.europa.esig.dss.simplereport.SimpleReport;
import eu.europa.esig.dss.spi.validation.CertificateVerifier;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.spi.x509.aia.DefaultAIASource;
import eu.europa.esig.dss.pades.validation.PDFDocumentValidator;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.policy.ValidationPolicyLoader;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Judges signed PDFs with EU DSS: one JVM for many files.
 *
 * <p>usage: DssJudge ROOTS; each line of standard input is {@code offline|online TAB time TAB policy TAB file [TAB roots]},
 * where time is a number of minutes from now or a moment like 2026-11-22T12:00:00Z, and policy is a file or -. ROOTS and
 * roots are a folder of PEM files, or one. Each line of standard output is, for one signature,
 * {@code file TAB end of the signed bytes TAB format TAB indication TAB subindication TAB intact TAB errors}, or
 * {@code file TAB ERROR TAB text}; an empty line ends the answer to one question.
 */
public final class DssJudge {
    private static final Map<String, ValidationPolicy> POLICIES = new HashMap<>();
    private static final Map<String, CommonTrustedCertificateSource> ROOTS = new HashMap<>();

    private DssJudge() {
    }

    public static void main(String[] args) throws Exception {
        roots(args[0]);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] q = line.split("\t");
            try {
                System.out.print(judge(roots(q.length > 4 ? q[4] : args[0]), q));
            } catch (Exception | StackOverflowError e) {
                System.out.println(q[3] + "\tERROR\t" + clean(e.toString()));
            }
            System.out.println();
            System.out.flush();
        }
    }

    private static CommonTrustedCertificateSource roots(String path) throws Exception {
        CommonTrustedCertificateSource trusted = ROOTS.get(path);
        if (trusted != null) {
            return trusted;
        }
        trusted = new CommonTrustedCertificateSource();
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        File[] files = path.endsWith(".pem") ? new File[] {new File(path)}
                : new File(path).listFiles((d, n) -> n.endsWith(".pem"));
        if (files == null || files.length == 0) {
            throw new IllegalArgumentException("no roots in " + path);
        }
        for (File f : files) {
            try (InputStream in = new FileInputStream(f)) {
                for (Certificate c : factory.generateCertificates(in)) {
                    trusted.addCertificate(new CertificateToken((X509Certificate) c));
                }
            }
        }
        ROOTS.put(path, trusted);
        return trusted;
    }

    private static CertificateVerifier verifier(CommonTrustedCertificateSource trusted, boolean online) {
        // true: neither AIA nor CRL nor OCSP sources, that is offline.
        CertificateVerifier v = new CommonCertificateVerifier(true);
        v.setTrustedCertSources(trusted);
        if (online) {
            v.setAIASource(new DefaultAIASource(new CommonsDataLoader()));
            v.setOcspSource(new OnlineOCSPSource(new OCSPDataLoader()));
            v.setCrlSource(new OnlineCRLSource(new CommonsDataLoader()));
        }
        return v;
    }

    private static String judge(CommonTrustedCertificateSource trusted, String[] q) throws Exception {
        SignedDocumentValidator v = SignedDocumentValidator.fromDocument(new FileDocument(q[3]));
        Matcher password = Pattern.compile("pw=([^.]+)").matcher(new File(q[3]).getName());
        if (password.find() && v instanceof PDFDocumentValidator pdf) {
            pdf.setPasswordProtection(password.group(1).toCharArray());
        }
        v.setCertificateVerifier(verifier(trusted, q[0].equals("online")));
        v.setValidationLevel(ValidationLevel.ARCHIVAL_DATA);
        if (q[1].indexOf('T') > 0) {
            v.setValidationTime(Date.from(Instant.parse(q[1])));
        } else if (!q[1].equals("0")) {
            v.setValidationTime(new Date(System.currentTimeMillis() + Long.parseLong(q[1]) * 60_000));
        }
        ValidationPolicy policy = POLICIES.get(q[2]);
        if (policy == null) {
            policy = q[2].equals("-") ? ValidationPolicyLoader.fromDefaultValidationPolicy().create()
                    : ValidationPolicyLoader.fromValidationPolicy(new FileDocument(q[2])).create();
            POLICIES.put(q[2], policy);
        }
        Reports reports = v.validateDocument(policy);
        SimpleReport simple = reports.getSimpleReport();
        StringBuilder out = new StringBuilder();
        for (String id : simple.getSignatureIdList()) {
            SignatureWrapper s = reports.getDiagnosticData().getSignatureById(id);
            List<BigInteger> range = s.getSignatureByteRange();
            BigInteger end = range.get(2).add(range.get(3));
            out.append(String.join("\t", q[3], end.toString(), String.valueOf(simple.getSignatureFormat(id)),
                    String.valueOf(simple.getIndication(id)), String.valueOf(simple.getSubIndication(id)),
                    String.valueOf(s.isSignatureIntact() && s.isSignatureValid()),
                    text(simple.getAdESValidationErrors(id)) + " / " + text(simple.getAdESValidationWarnings(id)))).append('\n');
        }
        return out.toString();
    }

    private static String text(List<Message> messages) {
        return clean(messages.stream().map(Message::getValue).collect(Collectors.joining("; ")));
    }

    private static String clean(String text) {
        return text.replaceAll("[\\t\\r\\n]+", " ");
    }
}
