package fuzzengines_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quiescehq/quiesce/internal/corpus"
	"github.com/quiescehq/quiesce/sqlguard"
)

const (
	durationVariable = "QUIESCE_FUZZ_ENGINES"
	seedVariable     = "QUIESCE_FUZZ_SEED"

	smoke       = 3000 // texts that a plain test executes
	batchSize   = 500  // texts between two looks at the engine
	maxFindings = 5    // before a hunt is given up
)

// A text is one that the guard would let through.
type text struct {
	sql string
	// plain reports that no statement of it touches the transaction it runs in.
	plain bool
}

// An engine executes texts and says what became of it. A failure of its own fails the test.
type engine interface {
	// kinds is how many kinds of sessions there are, numbered from 0.
	kinds() int
	// begin starts a new session.
	begin(kind int)
	// run executes the text to its end, and ends the transaction that it may have left. It
	// reports whether the engine accepted it, and what was wrong at once.
	run(t text) (accepted bool, effect string)
	// effects says what has changed since the last reset, empty if nothing has.
	effects() string
	// settle takes what there is now for the fixture.
	settle()
	// reset makes the fixture anew, and settles.
	reset()
}

// A hunt looks for texts that pass and change something.
type hunt struct {
	t       *testing.T
	dialect sqlguard.Dialect
	engine  engine
	mutator *corpus.Mutator
	// apart, which may be nil, says that a text must not share a batch with others.
	apart func(sql string) bool
	// omit, which may be nil, says that a text is not to be executed at all.
	omit func(sql string) bool

	waiting                      []text // that are apart
	last                         string // that was executed
	made, ran, accepted, changed int
}

// settings returns for how long to hunt, 0 for a smoke test, and the seed.
func settings(t *testing.T) (time.Duration, uint64) {
	var limit time.Duration
	seed := uint64(1)
	if value := os.Getenv(durationVariable); value != "" {
		var err error
		if limit, err = time.ParseDuration(value); err != nil || limit <= 0 {
			t.Fatalf("%s is %q, expected a duration such as 10m", durationVariable, value)
		}
		seed = uint64(time.Now().UnixNano())
	}
	if value := os.Getenv(seedVariable); value != "" {
		var err error
		if seed, err = strconv.ParseUint(value, 10, 64); err != nil {
			t.Fatalf("%s is %q, expected a number", seedVariable, value)
		}
	}
	t.Logf("seed %d", seed)
	return limit, seed
}

// seeds returns the unchanged texts of the corpus that pass.
func (h *hunt) seeds() (texts []text) {
	for _, sql := range h.mutator.Seeds() {
		if v := h.dialect.Classify(sql); corpus.Passes(v) && (h.apart == nil || !h.apart(sql)) {
			texts = append(texts, text{sql, plain(v)})
		}
	}
	return texts
}

// run hunts until the time is over or, without a limit, until a smoke test's
// texts are executed.
func (h *hunt) run(limit time.Duration) {
	h.t.Helper()
	start := time.Now()
	h.engine.reset()
	defer func() {
		if h.t.Failed() && h.changed == 0 {
			h.t.Logf("the last text was %+q", h.last)
		}
	}()
	rounds := 0
	for kind := 0; ; kind = (kind + 1) % h.engine.kinds() {
		took := time.Since(start)
		if h.changed >= maxFindings || limit > 0 && took >= limit || limit == 0 && rounds > h.engine.kinds() && h.ran >= smoke {
			h.t.Logf("%d texts made, %d passed and executed, %d of them accepted, %d changed something; %.0f a second",
				h.made, h.ran, h.accepted, h.changed, float64(h.ran)/took.Seconds())
			break
		}
		texts := h.collect()
		if rounds++; rounds <= h.engine.kinds() {
			texts = h.seeds()
		}
		if finding := h.batch(kind, texts); finding != "" {
			h.changed++
			h.t.Errorf("session kind %d: %s", kind, finding)
		}
	}
	if h.accepted < h.ran/20 {
		h.t.Errorf("the engine accepted only %d of %d texts, which proves little", h.accepted, h.ran)
	}
}

// collect returns the texts of a batch: all of them apart, or none.
func (h *hunt) collect() []text {
	var texts []text
	for len(texts) < batchSize {
		sql := h.mutator.Next()
		h.made++
		v := h.dialect.Classify(sql)
		if !corpus.Passes(v) || h.omit != nil && h.omit(sql) {
			continue
		}
		t := text{sql, plain(v)}
		if h.apart != nil && h.apart(sql) {
			h.waiting = append(h.waiting, t)
			continue
		}
		texts = append(texts, t)
	}
	if len(h.waiting) >= batchSize {
		texts, h.waiting = h.waiting, texts
	}
	return texts
}

func plain(v sqlguard.Verdict) bool {
	for _, p := range v.Parts {
		if !plain(p) {
			return false
		}
	}
	return v.Tx == sqlguard.TxNone
}

// batch executes the texts in one session of a kind. Where something changes it
// executes them once more, looks after each, and says which it was.
func (h *hunt) batch(kind int, texts []text) (finding string) {
	h.engine.begin(kind)
	seen := ""
	for _, t := range texts {
		h.last = t.sql
		accepted, effect := h.engine.run(t)
		h.ran++
		if accepted {
			h.accepted++
		}
		if seen = effect; seen != "" {
			break
		}
	}
	if seen == "" {
		seen = h.engine.effects()
	}
	if seen == "" {
		return ""
	}
	last := h.last
	h.engine.reset()
	h.engine.begin(kind)
	for i, t := range texts {
		if effect := h.effect(t); effect != "" {
			h.engine.reset()
			return fmt.Sprintf("%+q passes, %s: %s", t.sql, h.alone(kind, t, texts[:i]), effect)
		}
	}
	return fmt.Sprintf("%s, after %+q at the latest, but not again", seen, last)
}

// effect executes a text and says what became of it.
func (h *hunt) effect(t text) string {
	if _, effect := h.engine.run(t); effect != "" {
		return effect
	}
	return h.engine.effects()
}

// alone says whether the text has an effect without those before it.
func (h *hunt) alone(kind int, t text, before []text) string {
	h.engine.begin(kind)
	if h.effect(t) != "" {
		h.engine.reset()
		return "and changes something"
	}
	return "and changes something after " + listed(before)
}

// listed quotes the last of the texts.
func listed(texts []text) string {
	var b strings.Builder
	for _, t := range texts[max(0, len(texts)-10):] {
		fmt.Fprintf(&b, "\n\t%+q", t.sql)
	}
	return b.String()
}

// A state is what can be seen of an engine, by name.
type state map[string]string

// differs says what of now is not as in before.
func (before state) differs(now state) string {
	var b strings.Builder
	for name, value := range now {
		if was := before[name]; was != value {
			fmt.Fprintf(&b, "%s was %.200q, is %.200q; ", name, was, value)
		}
	}
	return strings.TrimSuffix(b.String(), "; ")
}

// files describes the files in the folders: names, sizes, and when they were written,
// but for those that the engine itself is always writing.
func files(t *testing.T, own func(name string) bool, folders ...string) string {
	t.Helper()
	var b strings.Builder
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			info, err := entry.Info()
			if err != nil || own(entry.Name()) {
				continue
			}
			fmt.Fprint(&b, entry.Name(), " ")
			if !info.IsDir() {
				fmt.Fprint(&b, info.Size(), " ", info.ModTime().UnixNano(), " ")
			}
		}
	}
	return b.String()
}
