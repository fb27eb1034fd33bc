package check

import (
	"bytes"
	"errors"
	"io"
	"runtime"
)

// batch is a part of the input on its way.
type batch struct {
	items   []item
	err     error // of the source, behind the items
	done    chan struct{}
	answers bytes.Buffer
	summary Summary
}

// judgeAll judges a source. A goroutine reads, one judges each batch unless the batches are
// one session, and this one writes them in order. If it ends early because stdout does, the reader
// ends with its next read.
func (r *runner) judgeAll(src source, how order) error {
	batches := make(chan *batch, runtime.GOMAXPROCS(0))
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(batches)
		path := &searchPath{}
		for {
			b := &batch{done: make(chan struct{})}
			b.items, b.err = src.next()
			select {
			case batches <- b:
			case <-stop:
				return
			}
			if how == session {
				r.judgeSession(b, path)
			} else {
				go r.judgeBatch(b, how)
			}
			if b.err != nil {
				return
			}
		}
	}()
	for b := range batches {
		<-b.done
		r.summary.merge(&b.summary)
		if err := r.writeAnswers(&b.answers); err != nil {
			return err
		}
		if b.err != nil && !errors.Is(b.err, io.EOF) {
			return b.err
		}
	}
	return nil
}

// judgeBatch fills in the answers of a batch, each for itself.
func (r *runner) judgeBatch(b *batch, how order) {
	defer close(b.done)
	if how != sorted {
		var a answer // one for all, since it would be allocated for each
		for i := range b.items {
			a = r.judge.answer(b.items[i])
			r.add(b, &a)
		}
		return
	}
	answers := make([]answer, len(b.items))
	for i := range b.items {
		answers[i] = r.judge.answer(b.items[i])
	}
	sortAnswers(answers)
	for i := range answers {
		r.add(b, &answers[i])
	}
}

// judgeSession fills in the answers of a batch as those of a session.
func (r *runner) judgeSession(b *batch, path *searchPath) {
	defer close(b.done)
	for i := range b.items {
		a := r.judge.answer(b.items[i])
		path.follow(&a)
		r.add(b, &a)
	}
}

// add counts an answer and writes it to its batch.
func (r *runner) add(b *batch, a *answer) {
	b.summary.add(a)
	if r.quiet && a.decision == Pass {
		return
	}
	if b.answers.Len() > 0 {
		b.answers.WriteString(r.format.separator())
	}
	r.format.answer(&b.answers, a)
}
