#!/bin/sh
# Walks the AWS CLI through an EventBridge connection against a server, from its
# creation to its end.
#
# usage: connections.sh ENDPOINT
#
# Exit status: 0 where every step held, 1 where one did not, 2 for bad usage.
set -u

[ $# -eq 1 ] || { sed -n '5s/^# \{0,1\}//p' "$0" >&2; exit 2; }
command -v aws >/dev/null 2>&1 || { echo 'connections.sh: the AWS CLI is not installed (Debian: awscli)' >&2; exit 2; }
endpoint=$1
AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1
AWS_EC2_METADATA_DISABLED=true AWS_PAGER='' AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION AWS_EC2_METADATA_DISABLED AWS_PAGER
export AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE
unset AWS_PROFILE AWS_SESSION_TOKEN AWS_ENDPOINT_URL AWS_ENDPOINT_URL_EVENTBRIDGE

name=cli-$(date +%s)-$$
failed=0

# gives WANT ACTION… runs an action, whose output must be WANT.
gives() {
	want=$1
	shift
	got=$(aws --endpoint-url "$endpoint" --output text events "$@" 2>&1)
	case $got in
	$want) echo "ok    $1" ;;
	*)
		printf 'FAIL  %s\n      want %s\n      got  %s\n' "$1" "$want" "$got"
		failed=1
		;;
	esac
}

key='{"ApiKeyAuthParameters":{"ApiKeyName":"X-Api-Key","ApiKeyValue":"v"}}'
gives AUTHORIZED create-connection --name "$name" --authorization-type API_KEY --auth-parameters "$key" --query ConnectionState
gives '*(ResourceAlreadyExistsException)*' create-connection --name "$name" --authorization-type API_KEY --auth-parameters "$key"
gives "arn:aws:events:us-east-1:*:connection/$name/*	X-Api-Key" describe-connection --name "$name" \
	--query '[ConnectionArn,AuthParameters.ApiKeyAuthParameters.ApiKeyName]'
gives "$name" list-connections --name-prefix "$name" --query 'Connections[].Name'
gives DEAUTHORIZED deauthorize-connection --name "$name" --query ConnectionState
gives AUTHORIZED update-connection --name "$name" --authorization-type BASIC \
	--auth-parameters '{"BasicAuthParameters":{"Username":"ada","Password":"v"}}' --query ConnectionState
gives DELETING delete-connection --name "$name" --query ConnectionState
gives '*(ResourceNotFoundException)*' describe-connection --name "$name"
exit $failed
