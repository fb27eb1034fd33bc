package corpus

import (
	"slices"
	"testing"

	"github.com/quiescehq/quiesce/sqlguard"
)

// Passes reports whether read-only mode without a policy lets the verdict's text
// through without asking the engine: reads, session statements, and advisory and
// named locks, where no function is called that nobody vouches for. Of several statements each has to.
func Passes(v sqlguard.Verdict) bool {
	for _, p := range v.Parts {
		if !Passes(p) {
			return false
		}
	}
	switch v.Class {
	case sqlguard.Read, sqlguard.Session:
		return len(v.Calls) == 0
	case sqlguard.Lock:
		return len(v.Calls) == 0 && (v.Op == sqlguard.OpAdvisoryLock || v.Op == sqlguard.OpUnlock)
	}
	return false
}

// Verify holds the dialect to the cases of the given dialects. It fails the test
// where a text that must be refused passes, where a text that must pass does not,
// and where a class is not among those that are right. Cases marked Hard or EngineOnly
// are excepted and named in the log.
//
// The keys of known are texts that the dialect refuses although they only read,
// the values say why; one that passes after all fails the test, so that the
// list stays true.
func Verify(t *testing.T, d sqlguard.Dialect, known map[string]string, dialects ...string) {
	t.Helper()
	cases := Load(t, dialects...)
	refused := 0
	for i := range cases {
		c := &cases[i]
		if c.Hard || c.EngineOnly {
			t.Logf("%s: left out, since the text alone cannot tell: %s", c.Source, c.Why)
			continue
		}
		v := d.Classify(c.Text())
		passes := Passes(v)
		if why, ok := known[c.Text()]; ok {
			refused++
			if passes {
				t.Errorf("%s: passes, though known not to: %s", c.Source, why)
			}
			t.Logf("%s: refused, %s", c.Source, why)
			continue
		}
		if c.Blocked != nil && *c.Blocked == passes && !vouched(c, v) {
			t.Errorf("%s: passes is %v, class %v (%s): %q", c.Source, passes, v.Class, v.Why, c.Text())
		}
		if !right(c, v) {
			t.Errorf("%s: class %v (%s), want %v: %q", c.Source, v.Class, v.Why, c.Class, c.Text())
		}
	}
	if refused != len(known) {
		t.Errorf("%d of %d known refusals are in the corpus", refused, len(known))
	}
	t.Logf("%d texts, %d of them refused without need", len(cases), refused)
}

// VerifyStricter holds a dialect to the cases that may refuse more than it has to, and
// be worse in class: one that judges without a parser. It fails the test where a text that must be
// refused passes, where a class is less than all that are right, and where of the texts that
// may pass less than a share does.
func VerifyStricter(t *testing.T, d sqlguard.Dialect, share float64, dialects ...string) {
	t.Helper()
	may, pass := 0, 0
	cases := Load(t, dialects...)
	for i := range cases {
		c := &cases[i]
		if c.Hard || c.EngineOnly {
			continue
		}
		v := d.Classify(c.Text())
		passes := Passes(v)
		if c.Blocked != nil && *c.Blocked && passes {
			t.Errorf("%s: passes, class %v (%s): %q", c.Source, v.Class, v.Why, c.Text())
		}
		if least := slices.Min(c.Class); v.Class < least && !vouched(c, v) {
			t.Errorf("%s: class %v (%s), want %v or worse: %q", c.Source, v.Class, v.Why, least, c.Text())
		}
		if c.Blocked != nil && !*c.Blocked {
			may++
			if passes {
				pass++
			}
		}
	}
	if float64(pass) < share*float64(may) {
		t.Errorf("%d of %d texts that may pass do, want %.0f %%", pass, may, 100*share)
	}
	t.Logf("%d of %d texts that may pass do", pass, may)
}

// vouched reports whether v is Unproven only by functions that the case vouches for.
func vouched(c *Case, v sqlguard.Verdict) bool {
	if v.Class != sqlguard.Unproven || len(v.Calls) == 0 {
		return false
	}
	for _, f := range v.Calls {
		if !slices.Contains(c.Allow, f) {
			return false
		}
	}
	return true
}

// right reports whether v's class is among those of the case. Of several
// statements the corpus names the class of the write where an escape stands before it;
// the escape is the worse of the two, and right as well.
func right(c *Case, v sqlguard.Verdict) bool {
	if slices.Contains(c.Class, v.Class) {
		return true
	}
	if v.Class == sqlguard.Escape {
		for _, p := range v.Parts {
			if slices.Contains(c.Class, p.Class) {
				return true
			}
		}
	}
	return false
}
