// SPDX-License-Identifier: Apache-2.0
// What MuPDF finds in a PDF: pages, and what the rules of scripts/corpus ask for. Run by mutool.
var found = {};
function text(o) {
	return o === null || o === undefined || (o.isNull && o.isNull()) ? null : String(o);
}
function at(o) {
	for (var i = 1; i < arguments.length && o !== null && o !== undefined; i++) {
		if (o.isDictionary && !o.isDictionary() && !(o.isArray && o.isArray())) {
			return null;
		}
		o = o.get(arguments[i]);
	}
	return text(o) === null ? null : o;
}
// Whether a signed field says in its /Lock that nothing may change any more (ISO 32000-2 Table 236, /P 1).
function sealed(fields, left) {
	for (var i = 0; left.n > 0 && fields !== null && i < fields.length; i++) {
		var field = fields.get(i);
		left.n--;
		if (at(field, "V") !== null && text(at(field, "Lock", "P")) === "1" || sealed(at(field, "Kids"), left)) {
			return true;
		}
	}
	return false;
}
var doc = new Document(scriptArgs[0]);
found.locked = doc.needsPassword() && !doc.authenticatePassword("");
var trailer = doc.getTrailer();
found.handler = text(at(trailer, "Encrypt", "Filter"));
if (!found.locked) {
	found.xfa = at(trailer, "Root", "AcroForm", "XFA") !== null;
	found.usage = at(trailer, "Root", "Perms", "UR3") !== null || at(trailer, "Root", "Perms", "UR") !== null;
	var references = at(trailer, "Root", "Perms", "DocMDP", "Reference");
	found.certified = null;
	if (at(trailer, "Root", "Perms", "DocMDP") !== null) {
		found.certified = "2";
		for (var i = 0; references !== null && i < references.length; i++) {
			var p = at(references, i, "TransformParams", "P");
			if (p !== null) {
				found.certified = text(p);
			}
		}
	}
	if (sealed(at(trailer, "Root", "AcroForm", "Fields"), {n: 20000})) {
		found.certified = "1";
	}
}
print(JSON.stringify(found));
found.pages = found.locked ? -1 : doc.countPages();
print(JSON.stringify(found));
