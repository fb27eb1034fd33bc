package rulestest

import (
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// Prometheus has scraped for a while until now.
const (
	interval = 15 * time.Second
	scrapes  = 41 // ten minutes
)

var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// parse is Prometheus's parser, as it is without flags.
var parse = parser.NewParser(parser.Options{})

// series is one of Prometheus's, with a value for each scrape. The last one is of now.
type series struct {
	labels labels.Labels
	values [scrapes]float64
}

func newSeries(l labels.Labels, last float64, grows bool) *series {
	s := &series{labels: l}
	for i := range s.values {
		s.values[i] = last
		if grows {
			s.values[i] += float64(i)
		}
	}
	return s
}

// sample is a value at a time.
type sample struct {
	at    time.Time
	value float64
}

func (s sample) T() int64                      { return s.at.UnixMilli() }
func (s sample) ST() int64                     { return 0 }
func (s sample) F() float64                    { return s.value }
func (s sample) H() *histogram.Histogram       { return nil }
func (s sample) FH() *histogram.FloatHistogram { return nil }
func (s sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s sample) Copy() chunks.Sample           { return s }

// database is what Prometheus has stored.
type database []*series

func (d database) Querier(int64, int64) (storage.Querier, error) {
	return &storage.MockQuerier{SelectMockFunction: d.find}, nil
}

// find returns the series that match.
func (d database) find(_ bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	found := &seriesSet{}
	for _, s := range d {
		if !matches(s.labels, matchers) {
			continue
		}
		samples := make([]chunks.Sample, scrapes)
		for i, v := range s.values {
			samples[i] = sample{now.Add(time.Duration(i+1-scrapes) * interval), v}
		}
		found.list = append(found.list, storage.NewListSeries(s.labels, samples))
	}
	return found
}

func matches(l labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

// seriesSet goes through a list of series.
type seriesSet struct {
	list []storage.Series
	next int
}

func (s *seriesSet) Next() bool                        { s.next++; return s.next <= len(s.list) }
func (s *seriesSet) At() storage.Series                { return s.list[s.next-1] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// lasting returns the labels of what a query has returned at every scrape for so long until now.
func (d database) lasting(t *testing.T, query string, long time.Duration) (all []labels.Labels) {
	t.Helper()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e6, Timeout: time.Minute, Parser: parse})
	defer engine.Close()
	q, err := engine.NewRangeQuery(t.Context(), d, nil, query, now.Add(-long), now, interval)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer q.Close()
	result := q.Exec(t.Context())
	matrix, err := result.Matrix()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	if len(result.Warnings) > 0 {
		t.Errorf("%s: %v", query, result.Warnings)
	}
	for _, s := range matrix {
		if len(s.Floats) == int(long/interval)+1 {
			all = append(all, s.Metric)
		}
	}
	return all
}
