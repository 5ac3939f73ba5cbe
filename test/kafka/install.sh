#!/usr/bin/env bash
# Fetches the jars of a real Kafka broker with Maven into .cache/kafka/lib of the project; needs Java 17 and mvn.
set -euo pipefail
cache="$(cd "$(dirname "$0")/../.." && pwd)/.cache/kafka"
[ -d "$cache/lib" ] && exit 0
mkdir -p "$cache"
cp "$(dirname "$0")/pom.xml" "$cache/pom.xml"
mvn -q -B -f "$cache/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
  -DoutputDirectory="$cache/lib.part" -DincludeScope=runtime
mv "$cache/lib.part" "$cache/lib"
