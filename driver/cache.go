package driver

import (
	"hash/maphash"
	"math/bits"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/quiescehq/quiesce/sqlguard"
)

// The bounds of a cache. Texts and verdicts beyond the second and third are
// judged anew each time: they are seldom the same twice.
const (
	cacheEntries   = 8192
	cacheBytes     = 8 << 20
	maxCachedText  = 8 << 10
	maxCachedEntry = 64 << 10

	cacheWays = 4
	cacheSets = cacheEntries / cacheWays
)

// cache keeps verdicts by the exact text: BEGIN READ ONLY and BEGIN READ WRITE
// have the same fingerprint, and differ all the same. Verdicts depend on nothing but the
// text, because dialects take the worst of what settings may make of it.
//
// A hit takes no lock and allocates nothing. A text is kept when it is seen for the
// second time, so that texts with values in them, which come once, neither
// fill the cache nor push out the useful ones. A text may be kept in any of the
// few places of its set, in place of one that was not used of late.
type cache struct {
	seed maphash.Seed
	sets [cacheSets][cacheWays]atomic.Pointer[cached]
	// once holds the hashes of the texts that were seen once, the latest in front.
	once [cacheSets][cacheWays]atomic.Uint64

	room struct {
		sync.Mutex
		bytes int // what all entries take
		hand  int // the place that is looked at next when there is no room
	}
}

// cached is an entry. Only used changes.
type cached struct {
	hash    uint64
	text    string
	verdict *sqlguard.Verdict
	size    int
	used    atomic.Bool
}

func newCache() *cache { return &cache{seed: maphash.MakeSeed()} }

// classify returns the dialect's verdict on a text, which must not be changed.
func (c *cache) classify(d sqlguard.Dialect, text string) *sqlguard.Verdict {
	if len(text) > maxCachedText {
		v := d.Classify(text)
		return &v
	}
	hash := c.hash(text)
	set := &c.sets[hash%cacheSets]
	for i := range set {
		if e := set[i].Load(); e != nil && e.hash == hash && e.text == text {
			if !e.used.Load() {
				e.used.Store(true)
			}
			return e.verdict
		}
	}
	v := d.Classify(text)
	if c.seen(hash) {
		c.keep(hash, text, &v)
	}
	return &v
}

// sample is how much of a long text is hashed, at each of its ends.
const sample = 256

// hash returns the hash of a text. It spreads texts over the sets, no more: an
// entry is compared with the whole text. So of a long text only both ends are read; texts that
// differ in the middle alone share a set, and push out none but each other.
func (c *cache) hash(text string) uint64 {
	if len(text) <= 2*sample {
		return maphash.Comparable(c.seed, text)
	}
	head := maphash.Comparable(c.seed, text[:sample])
	tail := maphash.Comparable(c.seed, text[len(text)-sample:])
	return head ^ bits.RotateLeft64(tail+uint64(len(text)), 32)
}

// seen reports whether a text was seen of late, and notes it if not. Goroutines
// that note at the same time may lose a note; then it takes one sight more.
func (c *cache) seen(hash uint64) bool {
	notes := &c.once[hash>>32%cacheSets]
	for i := range notes {
		if notes[i].Load() == hash {
			return true
		}
	}
	for i := len(notes) - 1; i > 0; i-- {
		notes[i].Store(notes[i-1].Load())
	}
	notes[0].Store(hash)
	return false
}

// keep adds an entry, and makes room for it.
func (c *cache) keep(hash uint64, text string, v *sqlguard.Verdict) {
	e := &cached{hash: hash, text: strings.Clone(text), verdict: v}
	e.size = len(text) + int(unsafe.Sizeof(*e)) + sizeOf(v)
	if e.size > maxCachedEntry {
		return
	}
	c.room.Lock()
	defer c.room.Unlock()
	place := c.placeFor(e)
	if place == nil {
		return
	}
	c.put(place, e)
	for c.room.bytes > cacheBytes {
		// Everything that is not used meanwhile goes within two rounds.
		place := &c.sets[c.room.hand/cacheWays%cacheSets][c.room.hand%cacheWays]
		c.room.hand = (c.room.hand + 1) % cacheEntries
		if old := place.Load(); old != nil && !old.used.Swap(false) {
			c.put(place, nil)
		}
	}
}

// placeFor returns the place of an entry in its set, or nil if it is there: another
// goroutine was faster.
func (c *cache) placeFor(e *cached) *atomic.Pointer[cached] {
	set := &c.sets[e.hash%cacheSets]
	var free *atomic.Pointer[cached]
	for i := range set {
		old := set[i].Load()
		switch {
		case old == nil:
			free = &set[i]
		case old.hash == e.hash && old.text == e.text:
			return nil
		}
	}
	for i := 0; free == nil; i++ {
		if place := &set[i%cacheWays]; !place.Load().used.Swap(false) {
			free = place
		}
	}
	return free
}

// put puts e, or nothing, in a place, and keeps account of the room.
func (c *cache) put(place *atomic.Pointer[cached], e *cached) {
	if old := place.Swap(e); old != nil {
		c.room.bytes -= old.size
	}
	if e != nil {
		c.room.bytes += e.size
	}
}

// sizeOf returns about how many bytes a verdict takes.
func sizeOf(v *sqlguard.Verdict) int {
	n := int(unsafe.Sizeof(*v)) + len(v.Op) + len(v.Why) + len(v.Declares)
	for i := range v.Tables {
		t := &v.Tables[i]
		n += int(unsafe.Sizeof(*t)) + len(t.Schema) + len(t.Name)
	}
	for _, call := range v.Calls {
		n += int(unsafe.Sizeof(call)) + len(call)
	}
	for i := range v.Parts {
		n += sizeOf(&v.Parts[i])
	}
	return n
}
