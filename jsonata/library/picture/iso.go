package picture

import (
	"math"
	"regexp"
	"strconv"
	"time"
)

var isoForm = regexp.MustCompile(`^(\d{4})(?:-([01]\d))?(?:-([0-3]\d))?(?:T([0-2]\d):([0-5]\d):([0-5]\d))?(?:\.(\d+))?(?:(Z)|([+-][0-2]\d):?([0-5]\d))?$`)

// ParseISO reads an ISO 8601 date, or date and time, in UTC where no zone stands.
// Text of another form is an error D3110; a date that is none is NaN. A day that
// its month does not have runs on into the next month.
func ParseISO(text string) (float64, error) {
	found := isoForm.FindStringSubmatch(text)
	if found == nil {
		return 0, faultAt("D3110", text)
	}
	number := func(i, absent int) int {
		if found[i] == "" {
			return absent
		}
		n, _ := strconv.Atoi(found[i])
		return n
	}
	month, date := number(2, 1), number(3, 1)
	hour, minute, second := number(4, 0), number(5, 0), number(6, 0)
	zoneHour, zoneMinute := number(9, 0), number(10, 0)
	clock := found[4] != ""
	switch {
	case month < 1 || month > 12 || date < 1 || date > 31,
		hour > 24 || hour == 24 && minute+second > 0,
		zoneHour > 23 || zoneHour < -23,
		!clock && (found[7] != "" || found[9] != ""):
		return math.NaN(), nil
	}
	if found[9] != "" && found[9][0] == '-' {
		zoneMinute = -zoneMinute
	}
	ms := (found[7] + "000")[:3]
	thousandths, _ := strconv.Atoi(ms)
	at := time.Date(number(1, 0), time.Month(month), date, hour, minute, second, thousandths*1e6, time.UTC)
	return float64(at.UnixMilli() - int64(zoneHour*60+zoneMinute)*60_000), nil
}
