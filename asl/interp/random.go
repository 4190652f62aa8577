package interp

// random is the generator of one Apply (SplitMix64 over the event's Seed): a
// stream of 64-bit numbers that the same event gives again for ever.
type random struct{ state uint64 }

func (r *random) next() uint64 {
	r.state += 0x9e3779b97f4a7c15
	z := r.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// upTo gives a number in 0 … n, every one as likely as another up to 2^-32.
func (r *random) upTo(n int64) int64 {
	if n <= 0 {
		return 0
	}
	return int64(r.next() % uint64(n+1))
}
