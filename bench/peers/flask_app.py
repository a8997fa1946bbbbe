# The Python peer that Townhall is measured against, side by side, by ./dev bench; never a part of the product.
"""Reference peer: the usual Python stack for such backends (Flask + SQLAlchemy + psycopg2 + gunicorn).
Used only to measure Townhall against, side by side, in one run."""
import csv, io, os
from flask import Flask, jsonify, request, abort
from sqlalchemy import create_engine, Column, BigInteger, String, Date, DateTime, ForeignKey, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import declarative_base, sessionmaker, scoped_session

engine = create_engine(os.environ["DATABASE_URL"], pool_size=8, max_overflow=8)
Session = scoped_session(sessionmaker(bind=engine))
Base = declarative_base()


class Voter(Base):
    __tablename__ = "voters"
    id = Column(BigInteger, primary_key=True)
    voter_id = Column(String, unique=True)
    first_name = Column(String)
    last_name = Column(String)
    date_of_birth = Column(Date)
    email = Column(String, index=True)
    phone = Column(String)
    address = Column(String)
    city = Column(String)
    state = Column(String)
    zip = Column(String)
    party = Column(String)
    registered_at = Column(Date)
    precinct = Column(String)
    created_at = Column(DateTime(timezone=True), server_default=func.now())

    def to_dict(self):
        return {
            c.name: (v.isoformat() if hasattr(v := getattr(self, c.name), "isoformat") else v)
            for c in self.__table__.columns
        }


class Interaction(Base):
    __tablename__ = "interactions"
    id = Column(BigInteger, primary_key=True)
    voter_id = Column(BigInteger, ForeignKey("voters.id"), index=True)
    kind = Column(String)
    details = Column(JSONB)
    created_at = Column(DateTime(timezone=True), server_default=func.now())


class Visitor(Base):
    __tablename__ = "visitors"
    id = Column(BigInteger, primary_key=True)
    email = Column(String, unique=True)
    name = Column(String)
    created_at = Column(DateTime(timezone=True), server_default=func.now())


class Job(Base):
    __tablename__ = "jobs"
    id = Column(BigInteger, primary_key=True)
    kind = Column(String)
    payload = Column(JSONB)
    state = Column(String, server_default="ready")
    run_at = Column(DateTime(timezone=True), server_default=func.now())


class FormSubmission(Base):
    __tablename__ = "form_submissions"
    id = Column(BigInteger, primary_key=True)
    visitor_id = Column(BigInteger, ForeignKey("visitors.id"))
    form_type = Column(String)
    data = Column(JSONB)
    email = Column(String, index=True)
    created_at = Column(DateTime(timezone=True), server_default=func.now())


SERVICES = [
    {
        "id": f"service-{i}",
        "name": f"Data Service {i}",
        "slug": f"data-service-{i}",
        "description": "Human-in-the-loop data annotation at scale. " * 4,
        "icon": f"https://images.example.com/{i}.svg",
        "order": i,
        "features": [{"title": f"Feature {j}", "description": "Quality, speed and impact."} for j in range(4)],
    }
    for i in range(12)
]


def create_app():
    app = Flask(__name__)

    @app.teardown_appcontext
    def remove(_):
        Session.remove()

    @app.get("/api/services")
    def services():
        return jsonify({"items": SERVICES, "total": len(SERVICES)})

    @app.get("/api/v1/voters/<int:vid>")
    def voter(vid):
        v = Session.get(Voter, vid)
        return jsonify(v.to_dict()) if v else abort(404)

    @app.get("/api/v1/voters")
    def voters():
        page = request.args.get("page", 1, int)
        per = min(request.args.get("per_page", 50, int), 200)
        total = Session.scalar(select(func.count()).select_from(Voter))
        rows = Session.scalars(select(Voter).order_by(Voter.id).offset((page - 1) * per).limit(per))
        return jsonify({"items": [v.to_dict() for v in rows], "total": total, "page": page, "per_page": per})

    @app.post("/api/v1/signups")
    def signup():
        d = request.get_json()
        for k in ("first_name", "last_name", "email"):
            if not d.get(k):
                return jsonify({"error": f"{k} is required"}), 422
        v = Session.scalar(select(Voter).where(Voter.email == d["email"]))
        if v is None:
            v = Voter(first_name=d["first_name"], last_name=d["last_name"], email=d["email"], phone=d.get("phone"))
            Session.add(v)
            Session.flush()
        Session.add(Interaction(voter_id=v.id, kind="signup", details=d))
        Session.commit()
        return jsonify({"voter_id": v.id}), 201

    @app.post("/api/contact")
    def contact():
        d = request.get_json()
        for k in ("name", "email", "message"):
            if not d.get(k):
                return jsonify({"error": f"{k} is required"}), 422
        v = Session.scalar(select(Visitor).where(Visitor.email == d["email"]))
        if v is None:
            v = Visitor(email=d["email"], name=d["name"])
            Session.add(v)
            Session.flush()
        s = FormSubmission(form_type="contact", data=d, email=d["email"], visitor_id=v.id)
        Session.add(s)
        Session.flush()
        Session.add(Job(kind="follow_up", payload={"submission": s.id}))
        Session.commit()
        return jsonify({"id": s.id}), 201

    @app.post("/api/v1/voters/upload")
    def upload():
        n = 0
        for row in csv.DictReader(io.TextIOWrapper(request.files["file"].stream, encoding="utf-8")):
            row.pop("score", None)
            Session.add(Voter(**{k: (v or None) for k, v in row.items()}))
            n += 1
            if n % 5000 == 0:
                Session.flush()
                Session.expunge_all()
        Session.commit()
        return jsonify({"imported": n}), 201

    return app


if __name__ == "__main__":  # `python3 flask_app.py` makes the tables, once, before gunicorn starts
    Base.metadata.create_all(engine)
