package httpmode

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"time"
)

//go:embed banner.js
var bannerScript []byte

var bannerHash = sha256.Sum256(bannerScript)

// BannerIntegrity returns the hash of the script that [BannerHandler] serves, as the
// attribute "integrity" of a script element and a Content-Security-Policy want it:
// "sha256-…".
func BannerIntegrity() string {
	return "sha256-" + base64.StdEncoding.EncodeToString(bannerHash[:])
}

// BannerHandler returns a handler that serves a script, under 2 KiB and without
// dependencies, which shows a banner on open pages while visitors are to notice a
// mode, and while one is announced, and drops it afterwards:
//
//	<script src="/banner.js" data-status="/status" defer></script>
//
// It listens to the [Middleware.StatusHandler] at data-status, asks for the JSON
// now and then where that gives no events, and does neither while the page is
// hidden, so that forgotten tabs hold no connections. The banner has the
// operators' message as text, never as HTML, times as people in the page's
// language write them, and the role status.
//
// It stands in the element whose id is quiesce-banner, or if there is none at the
// top of the body, where it covers nothing; its colours are the browser's own,
// light or dark. Whatever is in that element is replaced, also if nothing is in
// force. What a server renders there should be what [Middleware.Info] says to
// everybody; what became of one request ([FromContext]) belongs outside of it.
//
// What the script says itself is English, unless its element has the texts:
// data-closed, data-guest for anonymous mode, data-soon for what is announced,
// and data-end. In the last two "{time}" becomes a time.
//
//	<script src="/banner.js" data-status="/status" defer
//		data-closed="Diese Seite kann zurzeit nur gelesen werden."
//		data-guest="Anmelden ist zurzeit nicht möglich."
//		data-soon="Diese Seite kann ab {time} nur gelesen werden."
//		data-end="Voraussichtlich bis {time}."></script>
//
// A strict Content-Security-Policy needs script-src and connect-src 'self', or a
// nonce or [BannerIntegrity] in place of the former; no style-src. The script may
// be copied and changed: it is httpmode/banner.js, and like the rest of this
// module under the MIT licence.
func BannerHandler() http.Handler {
	etag := `"` + hex.EncodeToString(bannerHash[:8]) + `"`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=300") // an upgrade brings a new one
		h.Set("Etag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(bannerScript))
	})
}
