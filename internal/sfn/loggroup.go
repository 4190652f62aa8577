package sfn

import "strings"

// LogGroup gives the name of the log group that an ARN of CloudWatch Logs stands for,
// arn:PARTITION:logs:REGION:ACCOUNT:log-group:NAME, with or without :* behind it; ok
// is false for anything else, and for a name with a part that is nothing but dots,
// since names become paths of files here.
func LogGroup(arn string) (name string, ok bool) {
	p := strings.SplitN(arn, ":", 7)
	if len(p) != 7 || p[0] != "arn" || p[2] != "logs" || p[5] != "log-group" {
		return "", false
	}
	name = strings.TrimSuffix(p[6], ":*")
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-/.#", r)) {
			return "", false
		}
	}
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && strings.Trim(part, ".") == "" {
			return "", false
		}
	}
	return name, strings.Trim(name, "/") != "" && len(name) <= 512
}

// LogGroupARN names a log group as logging configurations do.
func LogGroupARN(region, account, name string) string {
	return "arn:aws:logs:" + region + ":" + account + ":log-group:" + name + ":*"
}
