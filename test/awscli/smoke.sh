#!/bin/sh
# Walks the AWS CLI through a state machine and an execution, from its creation to
# its end, and through a task token, against a server: create, describe, start,
# poll, history, stop, errors.
#
# usage: smoke.sh ENDPOINT [HOST/PATH]
#   ENDPOINT   of the Step Functions API, such as http://127.0.0.1:7400
#   HOST/PATH  an operation that takes a POST and answers 2xx, for the task token;
#              without it that part is left out, and said so
#
# Exit status: 0 where every step held, 1 where one did not, 2 for bad usage.
set -u

[ $# -ge 1 ] && [ $# -le 2 ] || { sed -n '6,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
endpoint=$1
asked=${2:-}
command -v aws >/dev/null 2>&1 || { echo 'smoke.sh: the AWS CLI is not installed (Debian: awscli)' >&2; exit 2; }

AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1
AWS_EC2_METADATA_DISABLED=true AWS_PAGER='' AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION AWS_EC2_METADATA_DISABLED AWS_PAGER
export AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_ENDPOINT_URL_SFN

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
role=arn:aws:iam::111111111111:role/sdk-role
run=$(date +%s)-$$
failed=0

sfn() { aws --endpoint-url "$endpoint" --output text stepfunctions "$@"; }

# step NAME COMMAND… runs a command whose output goes to $work/out.
step() {
	name=$1
	shift
	if "$@" >"$work/out" 2>"$work/err"; then
		echo "ok    $name"
	else
		echo "FAIL  $name"
		sed 's/^/      /' "$work/err"
		failed=1
		return 1
	fi
}

# same NAME WANT GOT
same() {
	if [ "$2" = "$3" ]; then
		echo "ok    $1"
	else
		printf 'FAIL  %s\n      want %s\n      got  %s\n' "$1" "$2" "$3"
		failed=1
	fi
}

# refuses NAME TEXT COMMAND… expects the CLI to fail with a text.
refuses() {
	name=$1 text=$2
	shift 2
	if "$@" >"$work/out" 2>"$work/err"; then
		echo "FAIL  $name: it was taken"
		failed=1
	elif grep -qF "$text" "$work/err"; then
		echo "ok    $name"
	else
		echo "FAIL  $name: not the words '$text'"
		sed 's/^/      /' "$work/err"
		failed=1
	fi
}

# ended ARN waits until an execution has ended and prints its status.
ended() {
	tries=0
	while [ "$tries" -lt 60 ]; do
		status=$(sfn describe-execution --execution-arn "$1" --query status) || return 1
		[ "$status" = RUNNING ] || { echo "$status"; return 0; }
		tries=$((tries + 1))
		sleep 0.25 2>/dev/null || sleep 1
	done
	echo RUNNING
}

types() { sfn get-execution-history --execution-arn "$1" --query 'events[].type' | tr '\t' ' '; }

create() { sfn create-state-machine --name "$1-$run" --role-arn "$role" --definition "file://$work/$1.json" --query stateMachineArn; }

cat >"$work/pause.json" <<'JSON'
{"StartAt": "Pause", "States": {
  "Pause": {"Type": "Wait", "Seconds": 1, "Next": "Done"},
  "Done": {"Type": "Pass", "Result": "done", "ResultPath": "$.result", "End": true}}}
JSON
step 'create a state machine' create pause || exit 1
machine=$(cat "$work/out")
step 'create it again' create pause
same 'the same ARN' "$machine" "$(cat "$work/out")"
same 'describe it' "STANDARD	ACTIVE	$role" \
	"$(sfn describe-state-machine --state-machine-arn "$machine" --query '[type,status,roleArn]')"
same 'find it in the list' "$machine" \
	"$(sfn list-state-machines --query "stateMachines[?stateMachineArn=='$machine'].stateMachineArn")"

step 'start an execution' sfn start-execution --state-machine-arn "$machine" --name one --input '{"sku": "sku-1"}' --query executionArn || exit 1
execution=$(cat "$work/out")
same 'its ARN' "$(echo "$machine" | sed 's/:stateMachine:/:execution:/'):one" "$execution"
same 'it succeeds' SUCCEEDED "$(ended "$execution")"
same 'its output' '{"sku":"sku-1","result":"done"}' \
	"$(sfn describe-execution --execution-arn "$execution" --query output | tr -d ' ')"
same 'its history' 'ExecutionStarted WaitStateEntered WaitStateExited PassStateEntered PassStateExited ExecutionSucceeded' "$(types "$execution")"
same 'find it in the list' "$execution" \
	"$(sfn list-executions --state-machine-arn "$machine" --status-filter SUCCEEDED --query 'executions[0].executionArn')"
refuses 'the name is taken' ExecutionAlreadyExists \
	sfn start-execution --state-machine-arn "$machine" --name one --input '{"other": true}'
refuses 'an input that is no JSON' 'Invalid State Machine Execution Input' \
	sfn start-execution --state-machine-arn "$machine" --input 'not some json'
refuses 'a definition without states' 'These fields are required: [States] at /' \
	sfn create-state-machine --name "bad-$run" --role-arn "$role" --definition '{"StartAt": "X"}'

step 'start one to stop' sfn start-execution --state-machine-arn "$machine" --query executionArn
stopped=$(cat "$work/out")
step 'stop it' sfn stop-execution --execution-arn "$stopped" --error Enough --cause 'by hand'
same 'it is aborted' ABORTED "$(ended "$stopped")"

if [ -n "$asked" ]; then
	cat >"$work/ask.json" <<JSON
{"StartAt": "Ask", "States": {"Ask": {
  "Type": "Task", "Resource": "arn:aws:states:::apigateway:invoke.waitForTaskToken", "TimeoutSeconds": 600, "End": true,
  "Parameters": {"ApiEndpoint": "${asked%%/*}", "Method": "POST", "Path": "/${asked#*/}", "AuthType": "IAM_ROLE",
    "RequestBody": {"token.$": "$\$.Task.Token"}}}}}
JSON
	step 'create one that asks' create ask || exit 1
	asks=$(cat "$work/out")
	step 'start it' sfn start-execution --state-machine-arn "$asks" --query executionArn
	waiting=$(cat "$work/out")
	tries=0
	until types "$waiting" | grep -q 'TaskSubmitted\|ExecutionFailed' || [ "$tries" -ge 40 ]; do
		tries=$((tries + 1))
		sleep 0.25 2>/dev/null || sleep 1
	done
	same 'it waits' 'ExecutionStarted TaskStateEntered TaskScheduled TaskStarted TaskSubmitted' "$(types "$waiting")"
	token=$(sfn get-execution-history --execution-arn "$waiting" \
		--query "events[?type=='TaskScheduled'].taskScheduledEventDetails.parameters" | sed -n 's/.*"token": *"\([^"]*\)".*/\1/p')
	step 'send a heartbeat' sfn send-task-heartbeat --task-token "$token"
	step 'send the answer' sfn send-task-success --task-token "$token" --task-output '{"yes": true}'
	same 'it succeeds' SUCCEEDED "$(ended "$waiting")"
	refuses 'the token is used up' Task sfn send-task-success --task-token "$token" --task-output '{}'
	step 'delete it' sfn delete-state-machine --state-machine-arn "$asks"
else
	echo 'left out: the task token, since no operation to ask was named'
fi
refuses 'a token that is none' InvalidToken sfn send-task-success --task-token nonsense --task-output '{}'

step 'delete the state machine' sfn delete-state-machine --state-machine-arn "$machine"
refuses 'it is gone' StateMachineDoesNotExist sfn start-execution --state-machine-arn "$machine"

if [ "$failed" = 0 ]; then
	echo 'all steps held'
else
	echo 'some steps did not hold' >&2
fi
exit "$failed"
