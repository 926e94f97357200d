// SPDX-License-Identifier: Apache-2.0

import com.lowagie.text.Document;
import com.lowagie.text.Paragraph;
import com.lowagie.text.Rectangle;
import com.lowagie.text.pdf.PdfWriter;
import java.io.File;
import java.io.FileOutputStream;
import org.apache.pdfbox.cos.COSName;
import org.apache.pdfbox.pdfwriter.compress.CompressParameters;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.PDResources;
import org.apache.pdfbox.pdmodel.common.PDRectangle;
import org.apache.pdfbox.pdmodel.font.PDFont;
import org.apache.pdfbox.pdmodel.font.PDType1Font;
import org.apache.pdfbox.pdmodel.font.Standard14Fonts;
import org.apache.pdfbox.pdmodel.interactive.form.PDAcroForm;
import org.apache.pdfbox.pdmodel.interactive.form.PDSignatureField;
import org.apache.pdfbox.pdmodel.interactive.form.PDTextField;

/** Makes PDFs with Apache PDFBox and OpenPDF in the folder given. */
public final class Files {
    private static final PDFont FONT = new PDType1Font(Standard14Fonts.FontName.HELVETICA);

    private Files() {
    }

    private static PDDocument document(String text) throws Exception {
        PDDocument doc = new PDDocument();
        PDPage page = new PDPage(new PDRectangle(200, 140));
        doc.addPage(page);
        try (PDPageContentStream s = new PDPageContentStream(doc, page)) {
            s.beginText();
            s.setFont(FONT, 12);
            s.newLineAtOffset(20, 110);
            s.showText(text);
            s.endText();
        }
        return doc;
    }

    private static void form(PDDocument doc) throws Exception {
        PDPage page = doc.getPage(0);
        PDAcroForm form = new PDAcroForm(doc);
        PDResources resources = new PDResources();
        resources.put(COSName.getPDFName("Helv"), FONT);
        form.setDefaultResources(resources);
        form.setDefaultAppearance("/Helv 10 Tf 0 g");
        doc.getDocumentCatalog().setAcroForm(form);

        PDTextField text = new PDTextField(form);
        text.setPartialName("name");
        text.getWidgets().get(0).setRectangle(new PDRectangle(20, 60, 100, 16));
        text.getWidgets().get(0).setPage(page);
        text.getWidgets().get(0).setPrinted(true);
        form.getFields().add(text);
        page.getAnnotations().add(text.getWidgets().get(0));
        text.setValue("value");

        PDSignatureField sig = new PDSignatureField(form);
        sig.setPartialName("Approval");
        sig.getWidgets().get(0).setRectangle(new PDRectangle(20, 20, 100, 30));
        sig.getWidgets().get(0).setPage(page);
        sig.getWidgets().get(0).setPrinted(true);
        form.getFields().add(sig);
        page.getAnnotations().add(sig.getWidgets().get(0));
    }

    public static void main(String[] args) throws Exception {
        File dir = new File(args[0]);
        try (PDDocument doc = document("pdfbox")) {
            doc.save(new File(dir, "pdfbox.pdf"));
        }
        try (PDDocument doc = document("pdfbox-uncompressed")) {
            doc.save(new File(dir, "pdfbox-uncompressed.pdf"), CompressParameters.NO_COMPRESSION);
        }
        try (PDDocument doc = document("pdfbox-form")) {
            form(doc);
            doc.save(new File(dir, "pdfbox-form.pdf"));
        }
        Document doc = new Document(new Rectangle(200, 140));
        PdfWriter.getInstance(doc, new FileOutputStream(new File(dir, "openpdf.pdf")));
        doc.open();
        doc.add(new Paragraph("openpdf"));
        doc.close();
    }
}
