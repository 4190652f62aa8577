package engine

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

var disks = map[string]func(ignoreSync bool) disk{
	"memkv":  func(lie bool) disk { return &memDisk{ignoreSync: lie} },
	"pebble": func(lie bool) disk { return &pebbleDisk{ignoreSync: lie} },
}

// tell runs one tale in a bubble of its own.
func tell(t *testing.T, s *tale) (bad []string) {
	synctest.Test(t, func(*testing.T) { bad = s.run() })
	return bad
}

func TestStory(t *testing.T) {
	for name, open := range disks {
		t.Run(name, func(t *testing.T) {
			s := &tale{world: newWorld(0), disk: open(false)}
			for _, b := range tell(t, s) {
				t.Error(b)
			}
			for arn, lines := range s.world.shown {
				t.Logf("%s: %d events", arn, len(lines))
				if len(lines) < 10 {
					t.Errorf("%s: %v", arn, lines)
				}
			}
			t.Logf("%d store points", s.points)
		})
	}
}

// TestCrashAtEveryPoint cuts the power before, inside and after every store call
// that the story makes, and lets the story go on on what survived.
func TestCrashAtEveryPoint(t *testing.T) {
	for name, open := range disks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hit := 0
			for n := 1; ; n++ {
				s := &tale{world: newWorld(0), disk: open(false), plans: []blackout{{point: n, percent: n % 3 * 50, seed: uint64(n)}}}
				for _, b := range tell(t, s) {
					t.Errorf("crash at point %d: %s", n, b)
				}
				if s.crashes.Load() == 0 {
					break
				}
				hit += int(s.crashes.Load())
			}
			t.Logf("figure: %s: %d points hit, nothing lost", name, hit)
			if hit < 300 {
				t.Errorf("only %d points", hit)
			}
		})
	}
}

// seeded plans up to three crashes at random times or points.
func seeded(seed uint64) []blackout {
	rng := rand.New(rand.NewPCG(seed, 3))
	var plans []blackout
	for range 1 + rng.IntN(3) {
		b := blackout{percent: int(seed%3) * 50, seed: rng.Uint64()}
		if rng.IntN(2) == 0 {
			// The first 500 or so are the opening's: it reads 256 shards' timers.
			if b.point = 500 + rng.IntN(360); rng.IntN(4) == 0 {
				b.point = 1 + rng.IntN(500)
			}
		} else {
			b.after = time.Duration(rng.Int64N(int64(6 * time.Second)))
		}
		plans = append(plans, b)
	}
	return plans
}

func TestCrashSeeds(t *testing.T) {
	for name, open := range disks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			crashes := 0
			for seed := range uint64(200) {
				s := &tale{world: newWorld(seed), disk: open(false), plans: seeded(seed)}
				for _, b := range tell(t, s) {
					t.Errorf("seed %d: %s", seed, b)
				}
				crashes += int(s.crashes.Load())
			}
			t.Logf("figure: %s: 200 seeds, %d crashes, nothing lost", name, crashes)
		})
	}
}

// TestPlantedBugs shows that the same tales catch the bugs they are there for.
func TestPlantedBugs(t *testing.T) {
	for _, bug := range []struct {
		name string
		p    plant
		lie  bool
	}{
		{"no sync", plant{}, true},
		{"answer before fsync", plant{answerEarly: true}, false},
		{"dispatch before commit", plant{dispatchEarly: true}, false},
	} {
		for name, open := range disks {
			t.Run(bug.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				for n := 1; n < 900; n++ {
					s := &tale{world: newWorld(0), disk: open(bug.lie), plant: bug.p, plans: []blackout{{point: n}}}
					if bad := tell(t, s); len(bad) > 0 {
						t.Logf("figure: %s on %s: caught by a crash at point %d: %.150s", bug.name, name, n, bad[0])
						return
					}
				}
				t.Error("no crash catches it")
			})
		}
	}
}
