# Recipes for this machine (the same as in the Makefile) and for a container here or elsewhere.

image := "lesson-nudge"
# index of PyTorch's CPU wheels; empty takes the default one
torch_index := env("PIP_EXTRA_INDEX_URL", "")

# show the recipes
default:
    @just --list

# make .venv and install everything
install:
    make install

# open the page on this computer
demo:
    make demo

# run the tests of less than ten seconds
test:
    make test

# run the others: whole trainings, several processes, servers
test-slow:
    make test-slow

# check style and types
lint:
    make lint

# train the shipped quality heads; data: labelled plans of others
train data="":
    make train DATA="{{ data }}"

# remove what was made
clean:
    make clean

# run the command, such as: just nudge train --config my.yaml
nudge *arguments: install
    .venv/bin/lesson-nudge {{ arguments }}

# build the image; DOCKER_CONTEXT or DOCKER_HOST names another machine
image:
    docker build --build-arg PIP_EXTRA_INDEX_URL="{{ torch_index }}" --tag {{ image }} .

# run the command in the image on a folder of the machine that docker runs on
container folder *arguments:
    docker run --rm --user "$(id -u):$(id -g)" --volume "{{ folder }}:/work" {{ image }} {{ arguments }}
