"""Which folders make up the package: found, so that a new one cannot be forgotten. All else is in pyproject.toml."""

from pathlib import Path

from setuptools import find_namespace_packages, setup

# Rubrics and manifests ship inside the package too, so that an installed one works from any folder.
RUBRICS, MODELS = "qa_pipeline._data.rubrics", "qa_pipeline._data.models"
# What a folder of models ships: a head's, a model's or a reader's figures.
SHIPPED = ("frequent.txt", "head.json", "known.txt", "model.json", "reader.json", "reader.safetensors")
HEADS = {folder.name: names for folder in Path("models").iterdir() if (names := [name for name in SHIPPED if (folder / name).is_file()])}


def packages() -> list[str]:
    """Folders with code, and those of languages and rubrics that hold data alone."""
    found = find_namespace_packages(
        include=["qa_pipeline", "qa_pipeline.*", "flows", "flows.*"], exclude=["*.__pycache__", "qa_pipeline._data*"]
    )
    lists = find_namespace_packages("rubrics", exclude=["*__pycache__"])
    # Of models only what is used: what heads were trained with stays in the checkout.
    heads = sorted(HEADS)
    return [*found, RUBRICS, *(f"{RUBRICS}.{name}" for name in lists), MODELS, *(f"{MODELS}.{name}" for name in heads)]


setup(
    packages=packages(),
    package_dir={RUBRICS: "rubrics", MODELS: "models"},
    package_data={
        "": ["py.typed", "*.txt", "*.yaml", "*.html", "*.css", "*.js", "*.svg", "*.json", "*.po", "*.mako"],
        RUBRICS: ["*"],
        f"{RUBRICS}.lists": ["*"],
        MODELS: ["*.yaml"],
    }
    | {f"{MODELS}.{folder}": names for folder, names in HEADS.items()},
)
