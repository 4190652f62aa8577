package telemetry

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sent is a receiver whose answers are told beforehand.
type sent struct {
	mu      sync.Mutex
	batches [][]int
	at      []time.Time
	answer  func(n int, batch []int) Delivery[int] // n counts from 1; nil: all is taken
}

func (s *sent) send(_ context.Context, batch []int) Delivery[int] {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches, s.at = append(s.batches, slices.Clone(batch)), append(s.at, time.Now())
	if s.answer == nil {
		return Delivery[int]{}
	}
	return s.answer(len(s.batches), batch)
}

// settled waits until nothing goes on, and gives the batches with their times.
func (s *sent) settled() ([][]int, []time.Time) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.batches), slices.Clone(s.at)
}

func counts(t *testing.T, b *Batcher[int], delivered, dropped uint64) {
	t.Helper()
	if d, l := b.Counts(); d != delivered || l != dropped {
		t.Errorf("delivered %d, dropped %d; want %d, %d", d, l, delivered, dropped)
	}
}

func TestBatcherGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sent{}
		b := NewBatcher(BatcherConfig[int]{Size: 3, Wait: time.Second, Send: s.send})
		start := time.Now()
		b.Add(1, 2)
		if batches, _ := s.settled(); len(batches) != 0 {
			t.Fatal("two of three were sent at once")
		}
		time.Sleep(time.Second)
		synctest.Wait()
		b.Add(3, 4, 5, 6)
		if batches, at := s.settled(); len(batches) != 2 || !slices.Equal(batches[0], []int{1, 2}) || !slices.Equal(batches[1], []int{3, 4, 5}) ||
			at[0].Sub(start) != time.Second || at[1].Sub(start) != time.Second {
			t.Errorf("%v at %v", batches, at)
		}
		b.Close(t.Context())
		counts(t, b, 6, 0)
		b.Add(7)
		counts(t, b, 6, 1)
	})
}

func TestBatcherTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sent{answer: func(n int, batch []int) Delivery[int] {
			switch n {
			case 1:
				return Delivery[int]{Retry: batch[1:], After: 20 * time.Second, Refused: 1}
			case 2:
				return Delivery[int]{Retry: batch}
			}
			return Delivery[int]{}
		}}
		b := NewBatcher(BatcherConfig[int]{Size: 4, Send: s.send})
		b.Add(1, 2, 3, 4)
		time.Sleep(time.Minute)
		if batches, _ := s.settled(); len(batches) != 3 || !slices.Equal(batches[2], []int{2, 3, 4}) {
			t.Fatalf("%v", batches)
		}
		_, at := s.settled()
		if first, second := at[1].Sub(at[0]), at[2].Sub(at[1]); first != 20*time.Second || second < time.Second || second > 2*time.Second {
			t.Errorf("waited %v, %v", first, second)
		}
		counts(t, b, 3, 1)
		b.Close(t.Context())
	})
}

func TestBatcherGivesUpAndNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sent{answer: func(_ int, batch []int) Delivery[int] { return Delivery[int]{Retry: batch} }}
		b := NewBatcher(BatcherConfig[int]{Size: 2, Queue: 5, Attempts: 3, Send: s.send})
		b.Add(1, 2)
		synctest.Wait() // the batch is under way
		b.Add(3, 4, 5, 6, 7, 8, 9)
		counts(t, b, 0, 2)
		time.Sleep(time.Hour)
		if batches, _ := s.settled(); len(batches) != 12 {
			t.Errorf("%d attempts; want 3 for each of 4 batches", len(batches))
		}
		counts(t, b, 0, 9)
		b.Close(t.Context())
	})
}

func TestBatcherClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &sent{answer: func(n int, batch []int) Delivery[int] {
			if n == 1 {
				return Delivery[int]{Retry: batch, After: time.Hour}
			}
			return Delivery[int]{}
		}}
		b := NewBatcher(BatcherConfig[int]{Size: 2, Send: s.send})
		b.Add(1, 2, 3)
		synctest.Wait()
		start := time.Now()
		b.Close(t.Context())
		if time.Since(start) != 0 {
			t.Errorf("a stop waited %v for an attempt", time.Since(start))
		}
		counts(t, b, 3, 0)
	})
}

func TestBatcherCloseIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBatcher(BatcherConfig[int]{Size: 2, Send: func(ctx context.Context, batch []int) Delivery[int] {
			<-ctx.Done() // a receiver that hangs
			return Delivery[int]{Retry: batch}
		}})
		b.Add(1, 2, 3)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		b.Close(ctx)
		if time.Since(start) != 2*time.Second {
			t.Errorf("took %v", time.Since(start))
		}
		counts(t, b, 0, 3)
	})
}
