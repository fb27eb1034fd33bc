package filesource

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/quiescehq/quiesce/sqlguard"
	"github.com/quiescehq/quiesce/sqlguard/fleet"
)

// Config says which file to follow.
type Config struct {
	// Path is the file. It need not be there yet.
	Path string
	// Every is how often the file is read although nobody tells of a change: some file systems never
	// do. If zero, 10 seconds.
	Every time.Duration
}

// maxSize bounds the file, in bytes.
const maxSize = 1 << 20

// Source follows a file. It is a [fleet.Source], whose methods may be called by several goroutines.
type Source struct {
	path    string
	every   time.Duration
	watcher *fsnotify.Watcher
	changed chan struct{}
	stop    chan struct{}
	done    sync.WaitGroup
	once    sync.Once

	state struct {
		sync.Mutex
		text   []byte     // of the last good file
		mode   fleet.Mode // what it asks for; Epoch 0 if there was none
		err    error      // what is wrong with the file as it is now
		hinted string     // the state that the last hint was about
	}
}

var _ fleet.Source = (*Source)(nil)

// Open begins to follow a file, until Close. It fails, naming the field, if the configuration is wrong, or if the
// system has no more watches to give; not if the file is missing, which Mode tells.
func Open(c Config) (*Source, error) {
	switch {
	case c.Path == "":
		return nil, errors.New("filesource: the field Config.Path must not be empty")
	case c.Every < 0:
		return nil, fmt.Errorf("filesource: the field Config.Every must not be negative, but is %s", c.Every)
	case c.Every == 0:
		c.Every = 10 * time.Second
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("filesource: watching %s: %w", c.Path, err)
	}
	s := &Source{path: c.Path, every: c.Every, watcher: watcher, changed: make(chan struct{}, 1), stop: make(chan struct{})}
	s.watch()
	s.look()
	s.done.Go(s.follow)
	return s, nil
}

// Mode reads the file. If it cannot be read as what it should be, it returns what the last good one asked for; if there
// was none, a record that is closed, and an error that names the file and the field.
//
// The epoch is the time at which the file was last modified, in microseconds, or more than the last one, if that is greater. So it
// grows with each change of the file, and over restarts as long as the clock does not go back.
func (s *Source) Mode(ctx context.Context) (fleet.Mode, error) {
	if err := ctx.Err(); err != nil {
		return fleet.Mode{}, err
	}
	s.state.Lock()
	defer s.state.Unlock()
	s.read()
	if s.state.mode.Epoch == 0 {
		return shut(), s.state.err
	}
	return s.state.mode, nil
}

// shut is the record while nobody knows what the file asks for.
func shut() fleet.Mode {
	return fleet.Mode{State: fleet.Closed, Epoch: 1, Op: operation, Change: sqlguard.Change{
		Mode: sqlguard.ReadOnly, Reason: "the file that says what the mode is cannot be read",
	}}
}

// Err returns what is wrong with the file as it was read last, although Mode may go on with the last good
// one; nil if nothing is.
func (s *Source) Err() error {
	s.state.Lock()
	defer s.state.Unlock()
	return s.state.err
}

// Changed returns a channel that is readable after what Mode or Err returns may have changed.
func (s *Source) Changed() <-chan struct{} { return s.changed }

// Close ends the watching. Mode goes on to read the file.
func (s *Source) Close() error {
	var err error
	s.once.Do(func() {
		close(s.stop)
		s.done.Wait()
		err = s.watcher.Close()
	})
	return err
}

// read takes over what the file says. The caller holds the lock.
func (s *Source) read() {
	text, modified, err := load(s.path)
	if err == nil && s.state.mode.Epoch > 0 && bytes.Equal(text, s.state.text) {
		s.state.err = nil
		return
	}
	var next fleet.Mode
	if err == nil {
		next, err = parse(text)
	}
	if err != nil {
		s.state.err = fmt.Errorf("the file %s: %w", s.path, err)
		return
	}
	last := s.state.mode
	next.Epoch = max(uint64(max(modified.UnixMicro(), 2)), last.Epoch+1)
	if next.Since = last.Since; next.State != last.State {
		next.Since = modified.UTC()
	}
	s.state.text, s.state.mode, s.state.err = text, next, nil
}

// load returns the file's text, and when it was modified.
func load(path string) ([]byte, time.Time, error) {
	// Before it is opened: opening a pipe waits for somebody who writes, and heeds no context.
	if info, err := os.Stat(path); err != nil {
		return nil, time.Time{}, cause(err)
	} else if !info.Mode().IsRegular() {
		return nil, time.Time{}, errors.New("it is not a regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, time.Time{}, cause(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, time.Time{}, cause(err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err == nil && len(text) > maxSize {
		err = fmt.Errorf("it is larger than %d bytes", maxSize)
	}
	return text, info.ModTime(), err
}

// cause returns an error without the name of the file, which the caller adds.
func cause(err error) error {
	var named *os.PathError
	if errors.As(err, &named) {
		return named.Err
	}
	return err
}

// watch watches the folder: a file that is replaced by a rename is another file, and Kubernetes
// replaces a link "..data" beside the file's own, which stays as it is. It may fail, if the folder is not there yet.
func (s *Source) watch() { _ = s.watcher.Add(filepath.Dir(s.path)) }

// follow hints at what changes.
func (s *Source) follow() {
	timer := time.NewTicker(s.every)
	defer timer.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-s.watcher.Events:
		case <-s.watcher.Errors: // events may have been lost
		case <-timer.C:
			s.watch() // the folder may be another one by now
		}
		s.look()
	}
}

// look reads the file, and hints if there is anything new since the last hint.
func (s *Source) look() {
	s.state.Lock()
	defer s.state.Unlock()
	s.read()
	now := fmt.Sprint(s.state.mode.Epoch, s.state.err)
	if now == s.state.hinted {
		return
	}
	s.state.hinted = now
	select {
	case s.changed <- struct{}{}:
	default: // one is waiting there already
	}
}
