package picture

import (
	"math"
	"time"
)

var (
	weekdays = []string{"", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	months   = []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
		"November", "December"}
)

const (
	day      = 24 * 60 * 60 * 1000.0 // milliseconds
	farthest = 8.64e15               // milliseconds from 1970 that a date may lie
)

// moment is a point in time, in milliseconds since 1970; NaN is none.
type moment float64

// momentOf cuts a time to whole milliseconds; beyond what a date can hold it is NaN.
func momentOf(millis float64) moment {
	if !(math.Abs(millis) <= farthest) {
		return moment(math.NaN())
	}
	return moment(math.Trunc(millis))
}

func (d moment) time() time.Time { return time.UnixMilli(int64(d)).UTC() }

// utc gives the moment of a date and time in UTC. Parts may be beyond their ranges,
// month counts from 0, and years 0 to 99 are of the twentieth century, as Date.UTC
// has it.
func utc(year, month, date, hour, minute, second, ms float64) float64 {
	for _, p := range []float64{year, month, date, hour, minute, second, ms} {
		if math.IsNaN(p) || math.Abs(p) > farthest {
			return math.NaN()
		}
	}
	year, month = math.Trunc(year), math.Trunc(month)
	if year >= 0 && year <= 99 {
		year += 1900
	}
	if math.Abs(year) > 300_000 || math.Abs(month) > 4_000_000 {
		return math.NaN()
	}
	first := time.Date(int(year), time.Month(int(month)+1), 1, 0, 0, 0, 0, time.UTC)
	days := float64(first.Unix()/86400) + math.Trunc(date) - 1
	clock := math.Trunc(hour)*3600_000 + math.Trunc(minute)*60_000 + math.Trunc(second)*1000 + math.Trunc(ms)
	return float64(momentOf(days*day + clock))
}

// monthStart gives the first day of a month, counted from 0.
func monthStart(year, month int) float64 {
	return utc(float64(year), float64(month), 1, 0, 0, 0, 0)
}

// firstWeek gives the Monday of the week that holds the fourth day from a start:
// ISO 8601's first week of a year, and XPath's of a month.
func firstWeek(year, month int) float64 {
	start := monthStart(year, month)
	weekday := momentOf(start).weekday()
	if weekday > 4 {
		return start + (8-weekday)*day
	}
	return start - (weekday-1)*day
}

// weekday counts from Monday, 1, to Sunday, 7.
func (d moment) weekday() float64 { return float64((int(d.time().Weekday())+6)%7 + 1) }

// part gives a component of a date and time by its letter in pictures; ok is false
// for letters that have no number: Z, z and unknown ones.
func (d moment) part(letter byte) (n float64, ok bool) {
	if math.IsNaN(float64(d)) {
		return math.NaN(), letterIn("YMDdFWwXxHhmsf", letter)
	}
	t := d.time()
	year, month, date := t.Date()
	switch letter {
	case 'Y':
		n = float64(year)
	case 'M':
		n = float64(month)
	case 'D':
		n = float64(date)
	case 'd':
		n = (d.midnight()-monthStart(year, 0))/day + 1
	case 'F':
		n = d.weekday()
	case 'W':
		n = d.week(year, 0, 12, 52)
	case 'w':
		n = d.week(year, int(month)-1, 1, 4)
	case 'X':
		n = float64(d.weekYear(year))
	case 'x':
		n = float64(d.weekMonth(year, int(month)-1))
	case 'H':
		n = float64(t.Hour())
	case 'h':
		n = float64((t.Hour()+11)%12 + 1)
	case 'm':
		n = float64(t.Minute())
	case 's':
		n = float64(t.Second())
	case 'f':
		n = float64(t.Nanosecond() / 1e6)
	default:
		return 0, false
	}
	return n, true
}

func letterIn(letters string, letter byte) bool {
	for i := range len(letters) {
		if letters[i] == letter {
			return true
		}
	}
	return false
}

func (d moment) midnight() float64 {
	year, month, date := d.time().Date()
	return utc(float64(year), float64(month)-1, float64(date), 0, 0, 0, 0)
}

// week counts weeks in a year or month that begins at month and has so many months
// and, mostly, no more than so many weeks.
func (d moment) week(year, month, length int, most float64) float64 {
	today := d.midnight()
	n := (today-firstWeek(year, month))/(7*day) + 1
	switch {
	case n > most:
		y, m := addMonths(year, month, length)
		if today >= firstWeek(y, m) {
			n = 1
		}
	case n < 1:
		y, m := addMonths(year, month, -length)
		n = (today-firstWeek(y, m))/(7*day) + 1
	}
	return math.Floor(n)
}

func addMonths(year, month, n int) (y, m int) {
	all := year*12 + month + n
	m = ((all % 12) + 12) % 12
	return (all - m) / 12, m
}

// weekYear is the year that the ISO week belongs to.
func (d moment) weekYear(year int) int {
	switch {
	case float64(d) < firstWeek(year, 0):
		return year - 1
	case float64(d) >= firstWeek(year+1, 0):
		return year + 1
	}
	return year
}

// weekMonth is the month, counted from 1, that the week of the month belongs to.
func (d moment) weekMonth(year, month int) int {
	nextYear, next := addMonths(year, month, 1)
	_, last := addMonths(year, month, -1)
	switch {
	case float64(d) < firstWeek(year, month):
		return last + 1
	case float64(d) >= firstWeek(nextYear, next):
		return next + 1
	}
	return month + 1
}
