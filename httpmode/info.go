package httpmode

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Info is what a page may say of the modes in force. It holds nothing that is
// not for the public.
type Info struct {
	Mode      sqlguard.Mode `json:"mode"`
	Anonymous bool          `json:"anonymous"`
	GetOnly   bool          `json:"get_only"`

	// Message is the operators' message to the public; empty if they gave none.
	Message string `json:"message,omitempty"`
	// Since is when the modes last changed. Until is when the end is expected, zero
	// if that is not known.
	Since time.Time `json:"since"`
	Until time.Time `json:"until,omitzero"`
	// Announced is when read-only mode is expected to begin; zero if nothing is
	// announced, and once it has begun. Message and Until are those of what is announced
	// while nothing is in force that visitors notice.
	Announced time.Time `json:"announced,omitzero"`
	// Epoch counts the changes of the guard's state. It only grows.
	Epoch uint64 `json:"epoch"`

	// Converted reports that this request was a form post, and became a GET: what
	// was typed was not saved. Stripped reports that its credentials were removed: who sent
	// it may well be signed in. Both are false outside of a request.
	Converted bool `json:"-"`
	Stripped  bool `json:"-"`
}

// On reports whether any mode is in force, observe mode included. An announcement
// is none.
func (i Info) On() bool { return i.Mode != sqlguard.Off || i.Anonymous || i.GetOnly }

// ReadOnly reports whether writing is closed.
func (i Info) ReadOnly() bool { return i.Mode == sqlguard.ReadOnly }

// Noticed reports whether a mode is in force that visitors notice: any but observe.
func (i Info) Noticed() bool { return i.ReadOnly() || i.Anonymous || i.GetOnly }

// explains reports whether what is in force is why an answer is given.
func (i Info) explains(c Cause) bool {
	if c == CauseSignIn {
		return i.Anonymous
	}
	return i.ReadOnly() || i.GetOnly
}

// FromContext returns what is in force for the request with this context, as it was
// when the request began. It is the zero Info, which is off, with the mode off and
// where no [Middleware] is around: templates may ask it whenever they like. So it is for a
// request that bypasses the modes ([SignBypass]), which should see what everybody will see.
// For what is announced before any mode is on, ask [Middleware.Info].
func FromContext(ctx context.Context) Info {
	if x := exchangeFrom(ctx); x != nil {
		return x.info
	}
	return Info{}
}

// Info returns what is in force or announced now, for pages that tell of it before
// it begins. It knows of no request, so Converted and Stripped are false.
func (m *Middleware) Info() Info { return newInfo(m.guard.Summary()) }

func newInfo(s sqlguard.State) Info {
	return Info{
		Mode: s.Mode, Anonymous: s.Anonymous, GetOnly: s.GetOnly,
		Message: s.Message, Since: s.Since, Until: s.Until, Announced: s.Announced, Epoch: s.Epoch,
	}
}

// HeaderMode is the header that every answer has while a mode is on.
const HeaderMode = "Quiesce-Mode"

// header returns the value of [HeaderMode]: a list of tokens (RFC 9651, 3.1).
func (i Info) header() string {
	names := make([]string, 0, 3)
	if i.Mode != sqlguard.Off {
		names = append(names, i.Mode.String())
	}
	if i.Anonymous {
		names = append(names, "anonymous")
	}
	if i.GetOnly {
		names = append(names, "get-only")
	}
	return strings.Join(names, ", ")
}

// mark puts the mode into an answer's header.
func (i Info) mark(h http.Header) {
	if i.On() {
		h[HeaderMode] = []string{i.header()}
	}
}
