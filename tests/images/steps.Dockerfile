# An image of this project with steps of its tests.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY tests /app/tests
