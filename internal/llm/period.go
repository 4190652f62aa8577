package llm

import "time"

// Periods are the names of token-quota-period, in API Management's spelling.
var Periods = []string{"Hourly", "Daily", "Weekly", "Monthly", "Yearly"}

// Period gives the window of a period that holds a time, in UTC: its begin and its
// length. A week begins on Monday. ok is false for another name.
func Period(name string, now time.Time) (start time.Time, length time.Duration, ok bool) {
	now = now.UTC()
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	var end time.Time
	switch name {
	case "Hourly":
		start = now.Truncate(time.Hour)
		end = start.Add(time.Hour)
	case "Daily":
		start, end = day, day.AddDate(0, 0, 1)
	case "Weekly":
		start = day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
		end = start.AddDate(0, 0, 7)
	case "Monthly":
		start = day.AddDate(0, 0, 1-day.Day())
		end = start.AddDate(0, 1, 0)
	case "Yearly":
		start = time.Date(now.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
		end = start.AddDate(1, 0, 0)
	default:
		return time.Time{}, 0, false
	}
	return start, end.Sub(start), true
}
