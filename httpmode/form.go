package httpmode

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Form is a form that a visitor sent and that was not saved: all of it that may be
// given back. The zero Form is for what was no form of a browser, was posted by another
// site, or could not be read.
type Form struct {
	// Fields are in the order in which they were sent. Passwords and their kin are not
	// among them, nor are files, and what is not UTF-8.
	Fields []Field
	// SendAgain reports whether Fields are the whole form, so that a page with all of them can
	// post it again, to its own URL.
	SendAgain bool
	// Multipart reports that it was sent as multipart/form-data, rather than urlencoded.
	Multipart bool
	// Incomplete reports that a form was sent, but that it cannot be sent again
	// from a page: it had a file, a password, or more than is kept.
	Incomplete bool
}

// Visible reports whether there is a field to be shown.
func (f Form) Visible() bool { return slices.ContainsFunc(f.Fields, Field.Visible) }

// Field is a field of a [Form].
type Field struct {
	// Name and Value are what was sent, in UTF-8 without NUL.
	Name, Value string
	// Hidden reports that the field is the site's own, such as a CSRF token: a page
	// may post it again, and must not show it.
	Hidden bool
}

// Visible reports whether there is something in a field that its page may show.
func (f Field) Visible() bool { return !f.Hidden && f.Value != "" }

// Long reports whether a field may need more than one line, on a phone too: whether it has more
// than 24 bytes, or a line break.
func (f Field) Long() bool {
	return len(f.Value) > 24 || strings.ContainsAny(f.Value, "\r\n")
}

// maxFields bounds how many fields are given back.
const maxFields = 500

// sentField is a field as it was sent.
type sentField struct {
	name, value string
	file        bool
}

// sentForm is a form as it was sent.
type sentForm struct {
	fields    []sentField
	multipart bool
	whole     bool // there is nothing else to it
}

// add adds a field, and reports whether there is room for more.
func (s *sentForm) add(f sentField) bool {
	if len(s.fields) == maxFields {
		s.whole = false
		return false
	}
	s.fields = append(s.fields, f)
	return true
}

// decodeForm decodes the body of a form, or the beginning of one, as a handler
// does (net/http's ParseForm and ParseMultipartForm), but in order.
func decodeForm(contentType string, body []byte, whole bool) sentForm {
	mediaType, params, err := mime.ParseMediaType(contentType)
	s := sentForm{whole: whole && err == nil}
	if charset := params["charset"]; charset != "" && !isUTF8(charset) {
		s.whole = false
		return s
	}
	if mediaType == "multipart/form-data" {
		s.multipart = true
		s.decodeMultipart(params["boundary"], body)
	} else {
		s.decodeURLEncoded(string(body), whole)
	}
	return s
}

// isUTF8 reports whether a charset is UTF-8, or a part of it.
func isUTF8(charset string) bool {
	return strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8") || strings.EqualFold(charset, "us-ascii")
}

// decodeURLEncoded decodes what browsers send unless told otherwise (URL, 5.1). Where
// the body is cut off, so may be its last field.
func (s *sentForm) decodeURLEncoded(body string, whole bool) {
	for rest := body; rest != ""; {
		pair, after, more := strings.Cut(rest, "&")
		rest = after
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		switch {
		case !more && !whole:
			return
		case errName != nil, errValue != nil, strings.Contains(pair, ";"):
			s.whole = false // no browser sends that, and handlers differ
		case !s.add(sentField{name: name, value: value}):
			return
		}
	}
}

// decodeMultipart decodes a form that may have files (RFC 7578). Of what is cut off it
// keeps the parts that are there.
func (s *sentForm) decodeMultipart(boundary string, body []byte) {
	if !bytes.HasPrefix(body, []byte("--"+boundary)) { // browsers send nothing before it: somebody has read it
		s.whole = false
		return
	}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for boundary != "" {
		part, err := parts.NextPart()
		if err == io.EOF {
			return
		}
		if err != nil {
			break
		}
		value, err := io.ReadAll(part)
		if err != nil {
			break
		}
		// A browser sends a part without name and content for a file that was not chosen, and no
		// type with any other field.
		file := part.FileName() != "" || part.Header.Get("Content-Type") != "" && len(value) > 0
		if !s.add(sentField{name: part.FormName(), value: string(value), file: file}) {
			return
		}
	}
	s.whole = false
}

// parsedForm returns the form of a request that an outer layer, or a handler
// without ours around it, has parsed already, and whether it has. The order is lost: all
// that is certain is that of fields with the same name.
func parsedForm(r *http.Request) (sentForm, bool) {
	s := sentForm{whole: true}
	values := r.PostForm
	if s.multipart = mediaType(r.Header) == "multipart/form-data"; s.multipart {
		if r.MultipartForm == nil {
			return s, false
		}
		values = r.MultipartForm.Value
		s.whole = len(r.MultipartForm.File) == 0
	} else if values == nil {
		return s, false
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	size := 0
	for _, name := range names {
		for _, value := range values[name] {
			if size += len(name) + len(value) + len("=&"); size > maxForm {
				s.whole = false
				return s, true
			}
			if !s.add(sentField{name: name, value: value}) {
				return s, true
			}
		}
	}
	return s, true
}

// giveBack returns what may be given back of a form.
func (s sentForm) giveBack(secrets secrets) Form {
	f := Form{SendAgain: s.whole, Multipart: s.multipart}
	for _, field := range s.fields {
		kind := secrets.kind(field.name)
		switch {
		case field.file, !field.fitsHTML(), kind == secretOfUser && field.value != "":
			f.SendAgain = false
		default:
			f.Fields = append(f.Fields, Field{Name: field.name, Value: field.value, Hidden: kind != notSecret})
		}
	}
	f.SendAgain = f.SendAgain && len(f.Fields) > 0
	f.Incomplete = !f.SendAgain && (len(s.fields) > 0 || !s.whole)
	return f
}

// fitsHTML reports whether a page in UTF-8 sends a field again as it came. HTML has no
// NUL; a browser sends no field without a name; and it fills in "_charset_" itself (HTML, 4.10.19.1).
func (f sentField) fitsHTML() bool {
	if strings.EqualFold(f.name, "_charset_") && !isUTF8(f.value) || f.name == "" {
		return false
	}
	both := f.name + f.value
	return utf8.ValidString(both) && !strings.ContainsRune(both, 0)
}
