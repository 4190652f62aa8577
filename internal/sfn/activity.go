package sfn

import (
	"strconv"
	"time"

	"stile/jsonval"
)

// What there may be at most of activities, and of workers that wait for one
// (Step Functions' quotas).
const (
	MaxActivities      = 100000
	MaxActivityWorkers = 1000
)

// Activity is a queue of Tasks that workers of its owner carry out.
type Activity struct {
	ARN, Name string
	Created   time.Time
	Tags      []Tag
	// Encryption is as it was given; absent where it was not.
	Encryption jsonval.Value
}

// NewActivity is CreateActivity's input.
type NewActivity struct {
	Name       string
	Tags       []Tag
	Encryption jsonval.Value
}

// ActivityTask is what a worker takes; the zero value says that there is nothing.
type ActivityTask struct {
	TaskToken string
	Input     jsonval.Value
}

// ActivityResources are the names of an activity in roles: its ARN and activity/NAME.
func ActivityResources(arn string) []string {
	a, _ := ParseARN(arn)
	return []string{arn, "activity/" + a.Name}
}

// ActivityAlreadyExists for an activity of the name that is encrypted otherwise.
func ActivityAlreadyExists(arn string) *Error {
	return &Error{Code: "ActivityAlreadyExists", Message: "Activity Already Exists: '" + arn + "'"}
}

// ActivityLimitExceeded where there are as many activities as there may be.
func ActivityLimitExceeded() *Error {
	return &Error{Code: "ActivityLimitExceeded",
		Message: "Activity Limit Exceeded: there are " + strconv.Itoa(MaxActivities) + " activities: delete those that are not used"}
}

// ActivityWorkerLimitExceeded where as many workers wait for an activity as may.
func ActivityWorkerLimitExceeded(arn string) *Error {
	return &Error{Code: "ActivityWorkerLimitExceeded",
		Message: "Activity Worker Limit Exceeded: " + strconv.Itoa(MaxActivityWorkers) + " workers wait for a task of '" + arn + "'"}
}
